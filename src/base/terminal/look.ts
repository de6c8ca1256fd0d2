/** How text looks on a stream: in colour and as wide as the terminal, or plain. Knows streams and the environment, and nothing of what is shown. */

/** What a piece of text is, which decides about its colour. */
export type Tone = 'strong' | 'weak' | 'good' | 'fair' | 'poor';

const CODES: Readonly<Record<Tone, readonly [on: number, off: number]>> = {
  strong: [1, 22],
  weak: [2, 22],
  good: [32, 39],
  fair: [33, 39],
  poor: [31, 39],
};

/** The look of a stream. */
export interface Look {
  /** Columns of the terminal; Infinity where it is none. */
  width: number;
  /** Text in the colour of a tone, or as it is. What others wrote has to be printable before. */
  paint(text: string, tone: Tone | undefined): string;
}

/** No colour, any width: files, pipes, tests. */
export const PLAIN: Look = { width: Number.POSITIVE_INFINITY, paint: (text) => text };

/** The part of a stream that decides. */
export interface LookedAt {
  isTTY?: boolean;
  columns?: number;
}

/**
 * Whether a stream gets colours: FORCE_COLOR says so (0 and false: no) whatever the stream is; else NO_COLOR, if it is not empty, and a
 * terminal called dumb forbid them; else terminals do.
 */
export function hasColours({ isTTY }: LookedAt, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.FORCE_COLOR !== undefined) return !['0', 'false'].includes(env.FORCE_COLOR);
  return isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** The look of a stream, by the process's environment unless another is given. */
export function lookOf(stream: LookedAt, env: Readonly<Record<string, string | undefined>> = process.env): Look {
  const width = stream.isTTY && stream.columns ? stream.columns : Number.POSITIVE_INFINITY;
  if (!hasColours(stream, env)) return { ...PLAIN, width };
  const painted = (text: string, [on, off]: readonly [number, number]) => `\u001b[${on}m${text}\u001b[${off}m`;
  return { width, paint: (text, tone) => (tone === undefined || text === '' ? text : painted(text, CODES[tone])) };
}
