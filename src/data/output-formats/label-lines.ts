/** For a reader at a terminal: of each result its labels and their scores, one a line, the scores below one another. */
import { printable } from '../../base/printable.ts';
import type { OutputFormat } from './output-format.ts';

export const LABEL_LINES: OutputFormat = {
  extension: '',
  open: (write) => ({
    async write(record) {
      const listOf = (wanted: string) => JSON.parse(record.find(({ name }) => name === wanted)?.json ?? '[]') as unknown;
      const [names, numbers] = [(listOf('labels') as string[]).map(printable), listOf('scores') as number[]];
      const width = Math.max(...names.map((name) => name.length), 1);
      for (const [at, name] of names.entries()) await write(`${name.padEnd(width)}  ${numbers[at].toFixed(3)}\n`);
    },
    end: async () => {},
  }),
};
