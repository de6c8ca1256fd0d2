/** For a reader at a terminal: of each result its labels and their scores, one a line, the scores below one another; the best label first. */
import { printable } from '../../base/printable.ts';
import type { Look, Tone } from '../../base/terminal/look.ts';
import { padded, shortened, textWidth } from '../../base/terminal/text-width.ts';
import type { OutputFormat } from './output-format.ts';

/** Columns of a score with the space before it, and one that stays free at the end of a line. */
const SCORE = 8;
/** A name is not shortened below this. */
const LEAST_NAME = 12;
/** Labels that score less are shown weakly. */
const LOW = 0.05;

/** The format in a terminal's colours and width. */
export const labelLines = (look: Look): OutputFormat => ({
  extension: '',
  open: (write) => ({
    async write(record) {
      const listOf = (wanted: string) => JSON.parse(record.find(({ name }) => name === wanted)?.json ?? '[]') as unknown;
      const [names, numbers] = [(listOf('labels') as string[]).map(printable), listOf('scores') as number[]];
      const width = Math.min(Math.max(...names.map(textWidth), 1), Math.max(LEAST_NAME, look.width - SCORE));
      for (const [at, name] of names.entries()) {
        const tone: Tone | undefined = at === 0 ? 'strong' : numbers[at] < LOW ? 'weak' : undefined;
        await write(`${look.paint(`${padded(shortened(name, width), width)}  ${numbers[at].toFixed(3)}`, tone)}\n`);
      }
    },
    end: async () => {},
  }),
});
