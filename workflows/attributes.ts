import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { type ReleaseStatus, SCHEDULED_AT, SEARCH_ATTRIBUTES } from '../contracts/index.ts';

const [LABEL, STATE, PHASE] = SEARCH_ATTRIBUTES;
const KEYS = {
  label: defineSearchAttributeKey(LABEL, 'KEYWORD'),
  state: defineSearchAttributeKey(STATE, 'KEYWORD'),
  phase: defineSearchAttributeKey(PHASE, 'KEYWORD'),
};

/** The time that a schedule has started this workflow for; nothing when it was started otherwise. */
export function scheduledAt(): Date | undefined {
  return workflowInfo().typedSearchAttributes.get(defineSearchAttributeKey(SCHEDULED_AT, 'DATETIME'));
}

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
