/** One JSON object a line. */
import { membersJson } from '../record-members.ts';
import type { OutputFormat } from './output-format.ts';

/** JSONL. */
export const JSONL: OutputFormat = {
  extension: '.jsonl',
  open: (write) => ({
    write: (record) => write(`${membersJson(record)}\n`),
    end: async () => {},
  }),
};
