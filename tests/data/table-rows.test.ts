/** Rows of CSV whose quotes do not fit, in files that are larger than memory. */
import { csvRows, type TableLine } from '../../src/data/table-rows.ts';

/** Lines of which one opens a quote that nothing closes, and how many were asked for before each row. */
async function rowsOf(count: number, line: string, longest: number) {
  let asked = 0;
  async function* lines(): AsyncGenerator<TableLine> {
    for (const text of ['id,text\n', '1,"never closed\n']) yield { line: ++asked, text };
    while (asked < count) yield { line: ++asked, text: line };
  }
  let [rows, ahead] = [0, 0];
  const malformed: string[] = [];
  for await (const { line: at, fields } of csvRows('a.csv', lines(), { longest })) {
    ahead = Math.max(ahead, asked - at);
    if (fields instanceof Error) malformed.push(fields.message);
    else rows++;
  }
  return { rows, ahead, malformed };
}

describe('a quote that is never closed', () => {
  it.each([
    ['2,plain text\n', 'a quote is opened and not closed within 2000 characters'],
    ['2,"a ""quoted"", text"\n', 'a quote is opened and not closed within 2000 characters'],
    ['2,"one"\n\n', 'a quote is opened and not closed within 2000 characters'],
  ])('costs its own line, and no more is held than a row may have: %j', async (line, what) => {
    const { rows, ahead, malformed } = await rowsOf(20_000, line, 2000);
    expect(malformed).toEqual([`a.csv, line 2: ${what}; a field with quotes in it stands in quotes, and they are doubled`]);
    expect(rows).toBe(19_999);
    expect(ahead * line.length).toBeLessThan(2500);
  });

  it('at the end of a file takes nothing with it', async () => {
    const { rows, malformed } = await rowsOf(50, '2,plain text\n', 2000);
    expect([rows, malformed]).toEqual([49, [expect.stringMatching(/^a\.csv, line 2: a quote is opened and not closed; a field/)]]);
  });
});
