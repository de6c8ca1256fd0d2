/** How far a long text is read where only its first tokens are wanted: a prefix whose end may be another than the whole text has there. */

/** What is read of a text first, in UTF-16 units for each wanted token; English has about 4.5. */
const UNITS_PER_TOKEN = 8;
/** A word of WordPiece has at most 100 tokens: what the end of a prefix that cuts a word can spoil. */
export const SPOILED_TOKENS = 128;
/** No more than this of a text is looked at to find the wanted tokens: a million letters without a space are no text. */
export const MOST_UNITS = 1 << 20;

/** UTF-16 units that are read first, to find so many tokens. */
export const firstUnits = (atLeast: number): number => atLeast * UNITS_PER_TOKEN + 1024;

/** Units that are read next, where those before had fewer tokens than wanted (much white space, long words): four times as many. */
export const moreUnits = (units: number): number => Math.min(4 * units, MOST_UNITS);

/**
 * The beginning of a text, at most `units` UTF-16 units: up to the start of a run of white space, where every tokenizer here starts anew;
 * without white space in its second half, between two code points.
 */
export function textPrefix(text: string, units: number): string {
  if (text.length <= units) return text;
  const isSpace = (at: number) => ' \t\n\r'.includes(text[at]!);
  let end = units;
  while (end > units / 2 && !isSpace(end)) end--;
  if (end > units / 2) {
    while (end > 0 && isSpace(end - 1)) end--;
    return text.slice(0, end);
  }
  const code = text.charCodeAt(units);
  const insidePair = code >= 0xdc00 && code <= 0xdfff;
  return text.slice(0, insidePair ? units - 1 : units);
}
