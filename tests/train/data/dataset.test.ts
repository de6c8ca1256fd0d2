import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer } from '../../../src/text/tokenizer/tokenizer.ts';
import { ownLabels, readDataset } from '../../../src/train/data/dataset.ts';
import { TINY_ENCODER, temporaryFolder } from '../../tiny-checkpoint.ts';

async function labelsOfRows(rows: { text: string; labels: string[]; not_labels?: string[] }[]): Promise<string[] | undefined> {
  const path = join(temporaryFolder(), 'rows.jsonl');
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  const tokenizer = await loadTokenizer(TINY_ENCODER);
  const file = { path, weight: 1, distill: false };
  return ownLabels((await readDataset([file], tokenizer, { maxTextTokens: 32, maxLabelTokens: 16 })).dataset);
}

describe('the labels that a model of some data is for', () => {
  it('are all that are true of a row, in order of first use, without those that are only wrong', async () => {
    const rows = [
      { text: 'the train was late', labels: ['travel'], not_labels: ['sport', 'weather'] },
      { text: 'a goal', labels: ['sport'] },
      { text: 'a film on a train', labels: ['film', 'travel'] },
    ];
    expect(await labelsOfRows(rows)).toEqual(['travel', 'sport', 'film']);
  });

  it('are none where rows have labels of their own, as in data for zero-shot classification', async () => {
    const rows = (labels: number, each: number) =>
      Array.from({ length: labels * each }, (_, at) => ({ text: `text ${at}`, labels: [`label ${at % labels}`] }));
    expect(await labelsOfRows(rows(60, 1))).toBeUndefined();
    expect(await labelsOfRows(rows(60, 2))).toHaveLength(60);
    expect(await labelsOfRows(rows(40, 1))).toHaveLength(40);
    expect(await labelsOfRows(rows(1001, 2))).toBeUndefined();
  });
});
