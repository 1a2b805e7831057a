import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';

const { History } = proto.temporal.api.history.v1;
type History = proto.temporal.api.history.v1.IHistory;

const DIR = fileURLToPath(new URL('./histories/', import.meta.url));

/** A history as it stands in its file: protobuf's own plain form, with enums by name and bytes in base64. */
export interface RecordedHistory {
  events: Record<string, unknown>[];
}

const PLAIN = { enums: String, longs: String, bytes: String } as const;

/** Names of the recorded histories, by their shape. */
export const recordedNames = (): string[] =>
  readdirSync(DIR)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();

export const readHistory = (name: string): RecordedHistory =>
  JSON.parse(readFileSync(`${DIR}${name}.json`, 'utf8')) as RecordedHistory;

/** For replay. (The SDK's historyFromJSON and historyToJSON fail where npm installs protobufjs twice, as it does here.) */
export const decodedHistory = (name: string): History => History.fromObject(readHistory(name));

/** One event a line: what a new recording has changed can be read in the difference. */
export function writeHistory(name: string, history: History): void {
  const { events } = scrubbed(History.toObject(History.fromObject(history), PLAIN)) as RecordedHistory;
  writeFileSync(`${DIR}${name}.json`, `{"events":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`);
}

/** Without what tells of the machine: who polled, from where, and the places in our sources. Replay looks at none of it. */
function scrubbed(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => scrubbed(item));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([name, inner]) => [name, scrubbed(inner, name)]);
    // The queue of one process: its name is made of pid and host.
    const isOwnQueue = 'kind' in value && value.kind === 'TASK_QUEUE_KIND_STICKY';
    return { ...Object.fromEntries(entries), ...(isOwnQueue ? { name: 'sticky' } : {}) };
  }
  if (key === 'identity') return 'worker';
  return key === 'stackTrace' ? '' : value;
}

/** All of a history as text, payloads decoded: for a look at what must not be in there. */
export function textOf(value: unknown, key = ''): string {
  if (Array.isArray(value)) return value.map((item) => textOf(item)).join('\n');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, inner]) => textOf(inner, name))
      .join('\n');
  }
  return key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : String(value);
}
