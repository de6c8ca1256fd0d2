/** Windows over a text that is longer than the model reads at once. */

/** The part of a window that it shares with the one before it: a sentence or two, so that nothing is read without its context. */
const OVERLAP = 1 / 8;

/** Tokens [start, end) of a text. */
export interface TextWindow {
  start: number;
  end: number;
}

/**
 * Windows of `room` tokens at most, in order, each overlapping the one before it. A text that `most` windows cover is covered whole,
 * by as few as do, spread evenly; of a longer one they cover the beginning.
 */
export function textWindows(length: number, room: number, most: number): TextWindow[] {
  if (length <= room) return [{ start: 0, end: length }];
  const stride = Math.max(1, room - Math.floor(room * OVERLAP));
  const count = Math.min(most, 1 + Math.ceil((length - room) / stride));
  const covered = Math.min(length, room + (count - 1) * stride);
  return Array.from({ length: count }, (_, at) => {
    const start = count === 1 ? 0 : Math.floor((at * (covered - room)) / (count - 1));
    return { start, end: start + room };
  });
}
