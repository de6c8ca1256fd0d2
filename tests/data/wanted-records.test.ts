/** Records by their places: those that are not wanted are passed over, and counted. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRecords } from '../../src/data/read-records.ts';
import { ROOT, temporaryFolder } from '../tiny-checkpoint.ts';

const folder = temporaryFolder();

async function read(name: string, content: string, isWanted: (place: number) => boolean) {
  const path = join(folder, name);
  writeFileSync(path, content);
  const bad: string[] = [];
  const asked: number[] = [];
  const found: [number | undefined, number, unknown][] = [];
  const options = {
    onBadLine: (error: Error) => bad.push(error.message.replace(/^.*, (line \d+).*$/, '$1')),
    isWanted: (place: number) => {
      asked.push(place);
      return isWanted(place);
    },
  };
  for await (const { number, line, fields } of readRecords(path, options)) found.push([number, line, fields.text]);
  return { found, bad, asked };
}

const isEven = (place: number) => place % 2 === 0;

it('counts malformed lines, passes over blank ones, and says what is wrong to whom it belongs', async () => {
  const lines = ['{"text":"0"}', '', 'broken 1', '  ', '{"text":"2"}', '\u00a0', 'broken 3', 'broken 4', '"5"', '"6"'];
  expect(await read('a.jsonl', lines.join('\n'), isEven)).toEqual({
    asked: [0, 1, 2, 3, 4, 5, 6],
    found: [
      [0, 1, '0'],
      [2, 5, '2'],
      [6, 10, '6'],
    ],
    bad: ['line 8'],
  });
  expect((await read('a.jsonl', lines.join('\n'), (place) => !isEven(place))).bad).toEqual(['line 3', 'line 7']);
});

it('counts rows of tables, and lines of text', async () => {
  const csv = 'text,n\n0,a\n"1\n1",b\n2\n"3",c\n4,d\n';
  expect(await read('a.csv', csv, (place) => place !== 3)).toEqual({
    asked: [0, 1, 2, 3, 4],
    found: [
      [0, 2, '0'],
      [1, 4, '1\n1'],
      [4, 7, '4'],
    ],
    bad: ['line 5'],
  });
  expect((await read('a.txt', 'zero\n\none\ntwo', isEven)).found).toEqual([
    [0, 1, 'zero'],
    [2, 4, 'two'],
  ]);
});

it('counts items of a JSON list, and rows of Parquet', async () => {
  expect(await read('list.json', '[\n{"text":"0"},\nbroken,{"text":"2"},"3"]', isEven)).toEqual({
    asked: [0, 1, 2, 3],
    found: [
      [0, 2, '0'],
      [2, 3, '2'],
    ],
    bad: [],
  });
  const places: unknown[] = [];
  for await (const { number, line } of readRecords(join(ROOT, 'tests/fixtures/data/types.parquet'), {
    isWanted: (place) => place % 3 === 1,
  }))
    places.push([number, line]);
  expect(places).toEqual([
    [1, 2],
    [4, 5],
    [7, 8],
  ]);
});
