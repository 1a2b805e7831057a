import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { type ReleaseStatus, SEARCH_ATTRIBUTES } from '../contracts/index.ts';

const [LABEL, STATE, PHASE] = SEARCH_ATTRIBUTES;
const KEYS = {
  label: defineSearchAttributeKey(LABEL, 'KEYWORD'),
  state: defineSearchAttributeKey(STATE, 'KEYWORD'),
  phase: defineSearchAttributeKey(PHASE, 'KEYWORD'),
};

/** Label, state and phase as search attributes: each change is an event of history, so only changes are written. */
export class SearchAttributes {
  #written = '';

  keep({ label, state, phase }: ReleaseStatus): void {
    if (phase === undefined) return;
    const now = `${state} ${phase}`;
    if (now === this.#written) return;
    this.#written = now;
    upsertSearchAttributes([
      { key: KEYS.label, value: label },
      { key: KEYS.state, value: state },
      { key: KEYS.phase, value: phase },
    ]);
  }
}
