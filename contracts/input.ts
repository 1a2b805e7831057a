import { z } from 'zod';
import { isLabel, isStamp, isTimeZone, LABEL_RULE, labelOf, STAMP_RULE, TIME_ZONE_RULE } from './label.ts';
import { MODES, ON_FAILURE } from './modes.ts';
import { isSelected, PHASES, phaseIndex } from './phases.ts';
import { faultOfName } from './text.ts';

const LONGEST_WAIT_HOURS = 24 * 365;

/** A part of an hour will do: 0.5 is half an hour. */
const hours = (name: string) =>
  z
    .number({ error: () => `${name} is a number of hours` })
    .positive(`${name} is not above 0`)
    .max(LONGEST_WAIT_HOURS, `${name} is more than a year`);

const phase = z.enum(PHASES, {
  error: (issue) => `${JSON.stringify(issue.input)} is no phase; the phases are ${PHASES.join(', ')}`,
});

const importerNames = z
  .array(z.string().regex(/^[a-z][a-z0-9_]*$/, 'an importer name has small letters, digits and underscores only'))
  .nonempty('name at least one importer, or leave the list out');

const viewNames = z.array(
  z.string().regex(/^[a-z][a-z0-9_]*$/, 'a name in allowEmpty has small letters, digits and underscores only'),
);

/** Who asked for something: it is kept with the events, which hold neither NUL nor half a character. */
const personName = (field: string) =>
  z.string({ error: () => `${field} is no text` }).refine((name) => faultOfName(name) === undefined, {
    error: (issue) => `${field} ${faultOfName(issue.input)}`,
  });

/**
 * Input of the workflow `portalRelease`: plain JSON, `{"label":"Apr2026"}` is enough. What belongs to one release stands
 * here, so that history shows it; what belongs to a place (addresses, folders, limits) the worker reads for itself.
 */
export const releaseInputSchema = z
  .strictObject({
    label: z
      .string({ error: () => `label is missing: ${LABEL_RULE}` })
      .refine(isLabel, { error: (issue) => `${JSON.stringify(issue.input)} is no label: ${LABEL_RULE}` })
      .optional(),
    /** Instead of a label, in the input of a schedule: the label is the month of the scheduled time in this time zone. */
    scheduleTimeZone: z
      .string({ error: () => `scheduleTimeZone is no text: ${TIME_ZONE_RULE}` })
      .refine(isTimeZone, {
        error: (issue) => `scheduleTimeZone ${JSON.stringify(issue.input)} is not known: ${TIME_ZONE_RULE}`,
      })
      .optional(),
    mode: z.enum(MODES, { error: () => `mode is one of ${MODES.join(', ')}` }).default('direct'),
    startAt: phase.optional(),
    stopAfter: phase.optional(),
    onlyPhases: z.array(phase).nonempty('name at least one phase, or leave onlyPhases out').optional(),
    /** `wait`: a phase that fails waits for `retry`, so that hours of work are not lost. `fail`: for unattended use. */
    onFailure: z.enum(ON_FAILURE, { error: () => `onFailure is one of ${ON_FAILURE.join(', ')}` }).default('wait'),
    /** How long a release under review waits for `promote`; then it is parked. */
    reviewTimeoutHours: hours('reviewTimeoutHours').default(72),
    /** How long a failed phase waits for `retry`; then the release fails. */
    retryTimeoutHours: hours('retryTimeoutHours').default(24),
    /** Leaves indexes and foreign keys off staging until finalise_swap. */
    stagingLightweight: z.boolean().default(false),
    /** False: the staging views that are there are used as they are. */
    createStagingMaterializedViews: z.boolean().default(true),
    importOnly: importerNames.optional(),
    importSkip: importerNames.optional(),
    /** At most this many rows of each view are imported. A sample is never published: the release ends as a dry run. */
    importSample: z.int().positive('importSample is a whole number above 0').optional(),
    /** Percentage of an importer's rows that may have soft errors; more than that is a hard error (default 5). */
    softErrorLimit: z.number().min(0).max(100, 'softErrorLimit is a percentage from 0 to 100').optional(),
    /** Who asked for sessions in the way of the swap to be ended; only roles that the worker allows are. */
    endBlockersFor: personName('endBlockersFor').optional(),
    /** Views, by live name, that may be empty although live has rows. */
    allowEmpty: viewNames.optional(),
    /** Staging views take the release's own columns, also where live's differ, and the swap changes what readers see. */
    acceptShape: z.boolean().optional(),
  })
  .superRefine((input, context) => {
    const { startAt, stopAfter, label, scheduleTimeZone } = input;
    if (label === undefined && scheduleTimeZone === undefined) {
      context.addIssue({ code: 'custom', message: `label is missing: ${LABEL_RULE}`, path: ['label'] });
    } else if (label !== undefined && scheduleTimeZone !== undefined) {
      const message =
        'label and scheduleTimeZone are both there: a schedule gives the label itself; leave one of them out';
      context.addIssue({ code: 'custom', message, path: ['scheduleTimeZone'] });
    }
    if (
      input.mode === 'review' &&
      !(['validate_and_manifest', 'finalise_swap'] as const).every((name) => isSelected(name, input))
    ) {
      const message =
        'mode review waits between validate_and_manifest and finalise_swap, and the phases asked for leave one of them out; use mode direct or dry-run, or ask for both';
      context.addIssue({ code: 'custom', message, path: ['mode'] });
    }
    if (startAt && stopAfter && phaseIndex(startAt) > phaseIndex(stopAfter)) {
      const message = `startAt ${startAt} comes after stopAfter ${stopAfter}: no phase would run; swap them or leave one out`;
      context.addIssue({ code: 'custom', message });
    } else if (input.onlyPhases && !input.onlyPhases.some((name) => isSelected(name, input))) {
      const message = `none of onlyPhases (${input.onlyPhases.join(', ')}) lies between startAt and stopAfter`;
      context.addIssue({ code: 'custom', message });
    }
  });

export type ReleaseInputJson = z.input<typeof releaseInputSchema>;
/** Checked, but perhaps without a label yet: a schedule gives it. */
export type ReleaseRequest = z.output<typeof releaseInputSchema>;
export type ReleaseInput = Omit<ReleaseRequest, 'label' | 'scheduleTimeZone'> & { label: string };

export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: string[] };

/** Input of `portalRollback`. */
export const rollbackInputSchema = z.strictObject({
  stamp: z
    .string({ error: () => `stamp is missing: ${STAMP_RULE}` })
    .refine(isStamp, { error: (issue) => `${JSON.stringify(issue.input)} is no backup stamp: ${STAMP_RULE}` }),
  /** Drops what a dry run or a failed release keeps in staging, to make room for what is live now. */
  discardStaging: z.boolean().default(false),
  /** The release that is current afterwards, where no row of `releases` names the backup; null where none was. */
  releaseId: z
    .int({ error: () => 'releaseId is the id of a row of releases, or null' })
    .positive()
    .nullable()
    .optional(),
  /** The backup's columns may differ from those of live. */
  acceptShape: z.boolean().optional(),
  endBlockersFor: personName('endBlockersFor').optional(),
  /** Who asked for it; kept with the events. */
  by: personName('by').default('unnamed'),
});
export type RollbackInputJson = z.input<typeof rollbackInputSchema>;
export type RollbackInput = z.output<typeof rollbackInputSchema>;

/** Input of `portalBackupCleanup`. */
export const cleanupInputSchema = z.strictObject({
  keep: z
    .int({ error: () => 'keep is a whole number from 0 on: so many of the newest backups stay' })
    .min(0, 'keep is below 0'),
  /** The last complete backup may go, too: then there is nothing to roll back to. */
  allowNone: z.boolean().optional(),
  /** Those that the old system made count like the others, and may go. */
  oldSystem: z.boolean().optional(),
  by: personName('by').default('unnamed'),
});
export type CleanupInputJson = z.input<typeof cleanupInputSchema>;

/** Checks a release's input. All problems are reported together, each readable by itself. */
export function parseReleaseRequest(raw: unknown): Parsed<ReleaseRequest> {
  return parseInput(releaseInputSchema, raw);
}

/**
 * The same with the label, which a scheduled run has from its scheduled time and never from the clock: a run that is
 * late, or backfilled, is the release of the month that it was meant for.
 */
export function parseReleaseInput(raw: unknown, scheduledAt?: Date): Parsed<ReleaseInput> {
  const parsed = parseReleaseRequest(raw);
  if (!parsed.ok) return parsed;
  const { label, scheduleTimeZone, ...rest } = parsed.value;
  if (label !== undefined) return { ok: true, value: { ...rest, label } };
  if (scheduledAt) return { ok: true, value: { ...rest, label: labelOf(scheduledAt, scheduleTimeZone) } };
  const problem = `label is missing, and no schedule has started this workflow: it has no search attribute ${SCHEDULED_AT}; give a label instead of scheduleTimeZone (${LABEL_RULE})`;
  return { ok: false, problems: [problem] };
}

/** Search attribute that Temporal gives a workflow which a schedule starts. */
export const SCHEDULED_AT = 'TemporalScheduledStartTime';

export function parseInput<S extends z.ZodObject>(schema: S, raw: unknown): Parsed<z.output<S>> {
  const parsed = schema.safeParse(raw ?? {});
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return `unknown field ${issue.keys.join(', ')}; known are ${Object.keys(schema.shape).join(', ')}`;
    }
    const where = issue.path.join('.');
    return where && !issue.message.includes(where.split('.')[0] ?? where)
      ? `${where}: ${issue.message}`
      : issue.message;
  });
  return { ok: false, problems };
}
