/** What is said on a terminal where a command takes longer than a moment to get ready: elsewhere nobody waits for it. */
import { noteLine } from './terminal.ts';

/** Milliseconds that nobody minds. */
const MOMENT = 1000;

/** Waits for `work`, and says `line` once where that takes longer than a moment, on a terminal. @throws as `work` */
export async function sayIfSlow<Result>(
  line: string,
  work: Promise<Result>,
  { quiet = false, moment = MOMENT }: { quiet?: boolean; moment?: number } = {},
): Promise<Result> {
  if (quiet || !process.stderr.isTTY) return work;
  const timer = setTimeout(() => noteLine(line), moment);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

/** The same for a model that is loaded. */
export const sayIfLoadingIsSlow = <Result>(work: Promise<Result>, { quiet }: { quiet?: boolean }): Promise<Result> =>
  sayIfSlow('loading the model', work, { quiet });
