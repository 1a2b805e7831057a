import { z } from 'zod';
import { isLabel, LABEL_RULE } from './label.ts';
import { isSelected, PHASES, phaseIndex } from './phases.ts';

/** `direct` goes straight on, `review` waits for a promote after the manifest, `dry-run` stops there. */
export const MODES = ['direct', 'review', 'dry-run'] as const;
export type Mode = (typeof MODES)[number];

const phase = z.enum(PHASES, {
  error: (issue) => `${JSON.stringify(issue.input)} is no phase; the phases are ${PHASES.join(', ')}`,
});

const importerNames = z
  .array(z.string().regex(/^[a-z][a-z0-9_]*$/, 'an importer name has small letters, digits and underscores only'))
  .nonempty('name at least one importer, or leave the list out');

/**
 * Input of the workflow `portalRelease`: plain JSON, `{"label":"Apr2026"}` is enough. What belongs to one release stands
 * here, so that history shows it; what belongs to a place (addresses, folders, limits) the worker reads for itself.
 */
export const releaseInputSchema = z
  .strictObject({
    label: z
      .string({ error: () => `label is missing: ${LABEL_RULE}` })
      .refine(isLabel, { error: (issue) => `${JSON.stringify(issue.input)} is no label: ${LABEL_RULE}` }),
    mode: z.enum(MODES, { error: () => `mode is one of ${MODES.join(', ')}` }).default('direct'),
    startAt: phase.optional(),
    stopAfter: phase.optional(),
    onlyPhases: z.array(phase).nonempty('name at least one phase, or leave onlyPhases out').optional(),
    /** Leaves indexes and foreign keys off staging until finalise_swap. */
    stagingLightweight: z.boolean().default(false),
    /** False: the staging views that are there are used as they are. */
    createStagingMaterializedViews: z.boolean().default(true),
    importOnly: importerNames.optional(),
    importSkip: importerNames.optional(),
    /** At most this many rows of each view are imported: for a trial. The manifest says so. */
    importSample: z.int().positive('importSample is a whole number above 0').optional(),
    /** Views, by live name, that may be empty although live has rows. */
    allowEmpty: z.array(z.string()).optional(),
  })
  .superRefine((input, context) => {
    const { startAt, stopAfter } = input;
    if (startAt && stopAfter && phaseIndex(startAt) > phaseIndex(stopAfter)) {
      const message = `startAt ${startAt} comes after stopAfter ${stopAfter}: no phase would run; swap them or leave one out`;
      context.addIssue({ code: 'custom', message });
    } else if (input.onlyPhases && !input.onlyPhases.some((name) => isSelected(name, input))) {
      const message = `none of onlyPhases (${input.onlyPhases.join(', ')}) lies between startAt and stopAfter`;
      context.addIssue({ code: 'custom', message });
    }
  });

export type ReleaseInputJson = z.input<typeof releaseInputSchema>;
export type ReleaseInput = z.output<typeof releaseInputSchema>;

export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: string[] };

/** Checks a release's input. All problems are reported together, each readable by itself. */
export function parseReleaseInput(raw: unknown): Parsed<ReleaseInput> {
  const parsed = releaseInputSchema.safeParse(raw ?? {});
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return `unknown field ${issue.keys.join(', ')}; known are ${Object.keys(releaseInputSchema.shape).join(', ')}`;
    }
    const where = issue.path.join('.');
    return where && !issue.message.includes(where.split('.')[0] ?? where)
      ? `${where}: ${issue.message}`
      : issue.message;
  });
  return { ok: false, problems };
}
