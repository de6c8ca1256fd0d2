/** Drawing some texts of a stream of records. */

import { sampleTexts } from '../../../src/classify/records/sample-texts.ts';
import type { SourceRecord } from '../../../src/data/read-records.ts';

async function* records(count: number): AsyncGenerator<SourceRecord> {
  for (let i = 0; i < count; i++) yield { line: i + 1, fields: i % 10 === 3 ? { other: i } : { text: `${i}`, body: `b${i}` } };
}

describe('a sample of texts', () => {
  it('is drawn from the whole stream, without repeats, the same every time', async () => {
    const drawn = await sampleTexts(records(5000), 200);
    expect(drawn).toEqual(await sampleTexts(records(5000), 200));
    expect(new Set(drawn).size).toBe(200);
    // Of 4,500 texts each quarter has 50 of 200 on average, with a standard deviation of 6.
    for (const quarter of [0, 1, 2, 3]) {
      const there = drawn.filter((text) => Math.floor(Number(text) / 1250) === quarter).length;
      expect(there).toBeGreaterThan(25);
    }
  });

  it('is all of a short stream, but for records without a text', async () => {
    expect(await sampleTexts(records(6), 200)).toEqual(['0', '1', '2', '4', '5']);
    expect(await sampleTexts(records(4), 2, 'body')).toHaveLength(2);
    expect(await sampleTexts(records(0), 2)).toEqual([]);
  });
});
