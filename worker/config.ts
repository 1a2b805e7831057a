import { z } from 'zod';
import type { ActivityConfig } from '../activities/deps.ts';
import { ReleaseError } from '../activities/postgres/errors.ts';
import { wholeNumber } from '../contracts/index.ts';

const address = (protocols: string[], example: string) =>
  z
    .string({ error: () => `is not set; it is an address such as ${example}` })
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
      error: () => `is no address such as ${example}`,
    });

/** Digits only: `Number` takes a blank for 0, and 0 backups is not what a blank says. */
const whole = (least: number, rule: string, fallback: number) =>
  z
    .string()
    .refine((text) => (wholeNumber(text) ?? Number.NEGATIVE_INFINITY) >= least, {
      error: (issue) => `is ${JSON.stringify(issue.input)}, not ${rule}`,
    })
    .transform(Number)
    .default(fallback);

const milliseconds = (fallback: number) => whole(1, 'a whole number of milliseconds above 0', fallback);

/** As the old system's switches: on, unless it is said to be off. */
const unlessOff = z
  .string()
  .regex(/^(true|1|yes|on|false|0|no|off)$/i, 'is neither true, 1, yes, on nor false, 0, no, off')
  .default('true')
  .transform((text) => /^(true|1|yes|on)$/i.test(text));

const environmentSchema = z.object({
  PP_DATABASE_URL: address(['postgres:', 'postgresql:'], 'postgres://user:password@host:5432/database'),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^(\[[\da-f:.]+\]|[^\s:[\]]+):\d+$/i, 'is no address such as localhost:7233 or [::1]:7233')
    .default('localhost:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1, 'is empty').default('default'),
  PP_RELEASE_LOG_PATH: z.string().default('log/portal_release.log'),
  PP_CSV_DIR: z.string().optional(),
  PP_MANIFEST_DIR: z.string().default('public/manifests'),
  PP_KEEP_BACKUP_COUNT: whole(0, 'a whole number from 0 on', 1),
  PP_LOCK_TIMEOUT_MS: milliseconds(30_000),
  PP_STATEMENT_TIMEOUT_MS: milliseconds(300_000),
  /** Comma-separated roles whose sessions --end-blockers may end; nobody's by default. */
  PP_END_BLOCKER_ROLES: z.string().default(''),
  /** Incoming webhook that is told what a release waits for, that it failed or succeeded; nobody is told without it. */
  PP_SLACK_WEBHOOK_URL: address(['http:', 'https:'], 'https://chat.example/hooks/1').optional(),
  PP_RELEASE_SLACK_PHASE_COMPLETE: unlessOff,
  PP_IMPORT_PROGRESS_NOTIFICATIONS: unlessOff,
  /** Written once the worker polls: how the private stack learns that it is ready. */
  PP_WORKER_READY_FILE: z.string().optional(),
});

/** Every variable that decides something in a worker. */
export const WORKER_VARIABLES = Object.keys(environmentSchema.shape);

export interface WorkerConfig extends ActivityConfig {
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  logPath: string;
  readyFile: string | undefined;
  slackWebhookUrl: string | undefined;
}

/**
 * Reads a worker's configuration from the environment, once, and reports every fault together. What is empty counts as unset.
 *
 * @throws ReleaseError ConfigurationError naming each variable and what is wrong with it
 */
export function readWorkerConfig(environment: NodeJS.ProcessEnv): WorkerConfig {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim() !== ''));
  const parsed = environmentSchema.safeParse(present);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new ReleaseError('ConfigurationError', `the configuration has faults: ${faults.join('; ')}`, { faults });
  }
  return { databaseUrl: parsed.data.PP_DATABASE_URL, ...settingsOf(parsed.data) };
}

/** A worker's settings besides the database's address. */
export type WorkerSettings = Omit<WorkerConfig, 'databaseUrl'>;

const settingsSchema = environmentSchema.omit({ PP_DATABASE_URL: true });

/**
 * The same for a look at a place that may have faults: a variable that cannot be read is named, and has its default.
 *
 * @returns settings, and what is wrong with each variable that has a fault, by its name
 */
export function readSoundSettings(environment: Record<string, string | undefined>): {
  settings: WorkerSettings;
  faults: Map<string, string>;
} {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim() !== ''));
  const { error } = settingsSchema.safeParse(present);
  const faults = new Map((error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]));
  const sound = Object.entries(present).filter(([name]) => !faults.has(name));
  return { settings: settingsOf(settingsSchema.parse(Object.fromEntries(sound))), faults };
}

function settingsOf(env: z.infer<typeof settingsSchema>): WorkerSettings {
  return {
    temporalAddress: env.TEMPORAL_ADDRESS,
    temporalNamespace: env.TEMPORAL_NAMESPACE,
    logPath: env.PP_RELEASE_LOG_PATH,
    csvDir: env.PP_CSV_DIR,
    manifestDir: env.PP_MANIFEST_DIR,
    tellPhases: env.PP_RELEASE_SLACK_PHASE_COMPLETE,
    tellImporters: env.PP_IMPORT_PROGRESS_NOTIFICATIONS,
    keepBackups: env.PP_KEEP_BACKUP_COUNT,
    lockTimeoutMs: env.PP_LOCK_TIMEOUT_MS,
    statementTimeoutMs: env.PP_STATEMENT_TIMEOUT_MS,
    endBlockerRoles: env.PP_END_BLOCKER_ROLES.split(',')
      .map((role) => role.trim())
      .filter(Boolean),
    readyFile: env.PP_WORKER_READY_FILE,
    slackWebhookUrl: env.PP_SLACK_WEBHOOK_URL,
  };
}
