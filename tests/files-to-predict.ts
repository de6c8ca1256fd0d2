/** Files that `glz predict` labels in tests, and the command with a tiny checkpoint and three labels. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callGlz } from './call-glz.ts';
import { temporaryFolder, writeTinyCheckpoint } from './tiny-checkpoint.ts';

/** Lines of JSONL, of which every 31st is broken and every 29th has a blank text. */
export const jsonl = (name: string, count: number): string =>
  `${Array.from({ length: count }, (_, at) =>
    at % 31 === 30
      ? '{"text": broken'
      : JSON.stringify({ id: `${name}${at}`, text: at % 29 === 28 ? ' ' : `the ${'red '.repeat(at % 7)}house ${name} ${at}` }),
  ).join('\n')}\n`;

/** A table of two columns. */
export const csv = (count: number): string =>
  `id,text\n${Array.from({ length: count }, (_, at) => `t${at},a blue house ${at}`).join('\n')}\n`;

/** A folder of files, and the command; the checkpoint is there once the tests of the file that calls this run. */
export function filesToPredict() {
  const folder = temporaryFolder();
  let checkpoint = '';
  beforeAll(async () => {
    checkpoint = await writeTinyCheckpoint();
  });
  // One thread: of a model this small a second one only waits.
  const args = (...more: string[]) => ['predict', '--labels', 'red,blue,house', '--checkpoint', checkpoint, '--threads', '1', ...more];
  let runs = 0;
  return {
    folder,
    args,
    predict: (...more: string[]) => callGlz(args(...more)),
    file(name: string, content: string | Buffer): string {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
    /** A path where nothing is. */
    fresh: (): string => join(folder, `run-${++runs}`),
  };
}
