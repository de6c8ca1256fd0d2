/** Many texts, a few at a time, so that results come while the rest waits and nothing is lost where it is stopped. */

/** Texts of a request, and how many requests are under way: small enough that others are served too. */
const TEXTS_AT_ONCE = 16;
const CHARACTERS_AT_ONCE = 200_000;
const REQUESTS_AT_ONCE = 2;

/** Lists of row numbers, each a request. */
export function requestsOf(rows: readonly number[], textOf: (row: number) => string): number[][] {
  const requests: number[][] = [];
  let characters = 0;
  for (const row of rows) {
    const size = textOf(row).length;
    const last = requests.at(-1);
    if (last && last.length < TEXTS_AT_ONCE && characters + size <= CHARACTERS_AT_ONCE) {
      last.push(row);
      characters += size;
    } else {
      requests.push([row]);
      characters = size;
    }
  }
  return requests;
}

/** Asks for all rows. Results are given as they come; the first error stops the rest and is thrown. */
export async function askForAll<Result>(
  rows: readonly number[],
  textOf: (row: number) => string,
  ask: (texts: readonly string[], signal: AbortSignal) => Promise<readonly Result[]>,
  onResults: (rows: readonly number[], results: readonly Result[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const requests = requestsOf(rows, textOf);
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  let next = 0;
  async function work(): Promise<void> {
    while (next < requests.length && !stop.aborted) {
      const mine = requests[next++];
      const results = await ask(mine.map(textOf), stop);
      if (!signal.aborted) onResults(mine, results);
    }
  }
  try {
    await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work));
  } catch (error) {
    failed.abort();
    throw error;
  }
}
