import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks again and again until the answer is neither false nor undefined, and gives it.
 *
 * @throws Error saying what did not come to pass, with the last answer or error
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T> | T,
  limitMs = 30_000,
): Promise<Exclude<T, false | undefined>> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer as Exclude<T, false | undefined>;
    if (Date.now() > deadline) throw new Error(`it did not come to pass within ${limitMs / 1000} s that ${what}`);
    await delay(50);
  }
}
