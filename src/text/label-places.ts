/** Where labels stand in a file, for messages. Apart from what reads labels: the types of the library come by here, and should not need those of tokenizers. */

/** What is known of where labels stand. */
export interface LabelPlaces {
  /** The line, from 1, of each label of a list. */
  lineOf?: (at: number) => number;
  /** The whole file, where nothing says the lines: a name is looked for in it. */
  text?: string;
}

/** In larger files a name is not looked for: their lines take too much memory. */
const LARGEST = 1 << 20;

/** Lines, from 1, that have a name as a word of its own. */
function linesWith(name: string, text: string): number[] {
  if (text.length > LARGEST) return [];
  const word = new RegExp(`(?<![\\p{L}\\p{N}])${name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?![\\p{L}\\p{N}])`, 'u');
  return text.split(/\r\n|\n|\r/).flatMap((line, at) => (word.test(line) ? [at + 1] : []));
}

/** Where a label stands that is there twice: `lines 1 and 3`, or its numbers where the lines are not known. @param first number of the one, from 0 @param second of the other */
export function twoPlaces(name: string, first: number, second: number, { lineOf, text = '' }: LabelPlaces = {}): string {
  const lines = lineOf ? [lineOf(first), lineOf(second)] : linesWith(name, text);
  return lines.length === 2 && lines[0] !== lines[1] ? `lines ${lines.join(' and ')}` : `${first + 1} and ${second + 1}`;
}
