import { formatOfOutput } from '../../src/data/output-formats/index.ts';
import { JSONL } from '../../src/data/output-formats/jsonl.ts';
import { LABEL_LINES } from '../../src/data/output-formats/label-lines.ts';
import type { OutputFormat } from '../../src/data/output-formats/output-format.ts';
import { membersOf } from '../../src/data/record-members.ts';

const RESULTS = [
  { id: 1, text: 'a "b"\nc', labels: ['bug report', 'praise'], scores: [0.75, 0.25] },
  { id: 2, text: '', labels: [], scores: [] },
];

async function written(format: OutputFormat): Promise<string[]> {
  const pieces: string[] = [];
  const writer = format.open(async (piece) => void pieces.push(String(piece)));
  for (const result of RESULTS) await writer.write(membersOf(result));
  await writer.end();
  return pieces;
}

describe('formats of results', () => {
  it('JSONL has one object a line, whatever its texts hold', async () => {
    const lines = await written(JSONL);
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
    expect(lines.map((line) => JSON.parse(line))).toEqual(RESULTS);
  });

  it('label lines have the scores below one another', async () => {
    expect(await written(LABEL_LINES)).toEqual(['bug report  0.750\n', 'praise      0.250\n']);
  });

  it('is JSONL of stdout and of any other name', () => {
    for (const path of [undefined, 'a.jsonl', 'a.JSONL', '/dev/stdout', 'out']) expect(formatOfOutput(path)).toBe(JSONL);
  });
});
