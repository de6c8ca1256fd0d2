/** One JSON object a line. */
import type { OutputFormat } from './output-format.ts';

export const JSONL: OutputFormat = {
  extension: '.jsonl',
  open: (write) => ({
    write: (record) => write(`${JSON.stringify(record)}\n`),
    end: async () => {},
  }),
};
