/** Arrows between the rooms of src go one way: every import is allowed by the table of docs/architecture.md, and no folder or file outgrows its limit. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { ROOT } from './tiny-checkpoint.ts';

const SRC = join(ROOT, 'src');
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const importsOf = (file: string): string[] =>
  [...readFileSync(join(SRC, file), 'utf8').matchAll(/(?:from|import\(|import) ?'(\.[^']+)'/g)].map(([, path]) =>
    relative(SRC, resolve(SRC, dirname(file), path)),
  );
const roomOf = (file: string): string | undefined => (file.includes('/') ? file.split('/')[0] : undefined);

const lines = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8').split('\n');

/** Room -> rooms that it may import, from the table. */
const table = new Map(
  lines
    .filter((line) => /^\| `[a-z-]+` \|/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, room, , , allowed]) => [room.replaceAll('`', ''), new Set(allowed.split(', ').filter(Boolean))] as const),
);

it('docs/architecture.md has a row for every room, and no other', () => {
  expect([...table.keys()].sort()).toEqual([...new Set(files.map(roomOf).filter(Boolean))].sort());
});

it('the drawing shows arrows of the table, and all that do not follow from others', () => {
  const rooms = (cell: string) => cell.split('&').map((room) => room.trim());
  const arrows = lines
    .map((line) => line.split(' --> '))
    .filter((parts) => parts.length > 1)
    .flatMap((parts) => parts.slice(1).flatMap((to, at) => rooms(parts[at]).flatMap((from) => rooms(to).map((room) => [from, room]))));
  expect(arrows.length).toBeGreaterThan(table.size);
  expect(arrows.filter(([from, to]) => !table.get(from)?.has(to))).toEqual([]);
  const reached = (room: string): Set<string> =>
    new Set(arrows.filter(([from]) => from === room).flatMap(([, to]) => [to, ...reached(to)]));
  for (const [room, allowed] of table) expect([room, [...allowed].filter((other) => !reached(room).has(other))]).toEqual([room, []]);
});

it('imports go only where the table says', () => {
  const wrong = files.flatMap((file) => {
    const room = roomOf(file);
    if (!room) return [];
    return importsOf(file)
      .map((target) => [target, roomOf(target)] as const)
      .filter(([, other]) => other !== room && !table.get(room)!.has(other!))
      .map(([target]) => `${file} imports ${target}`);
  });
  expect(wrong).toEqual([]);
});

it('the rooms have no circle', () => {
  const visit = (room: string, path: string[]): void => {
    if (path.includes(room)) throw new Error(`circle: ${[...path, room].join(' -> ')}`);
    for (const next of table.get(room)!) visit(next, [...path, room]);
  };
  for (const room of table.keys()) visit(room, []);
});

it('files do not import each other in a circle, types aside', () => {
  const edges = new Map(
    files.map((file) => {
      const text = readFileSync(join(SRC, file), 'utf8').replace(/import type [^;]+;/g, '');
      const targets = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path]) => relative(SRC, resolve(SRC, dirname(file), path)));
      return [file, targets] as const;
    }),
  );
  const done = new Set<string>();
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) throw new Error(`circle: ${[...path.slice(path.indexOf(file)), file].join(' -> ')}`);
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

it('no folder has more than 20 files, of whatever kind, no file more than 350 lines', () => {
  const folders = new Map<string, number>();
  const within = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));
  const all = [...within('src'), ...within('tests').filter((path) => !path.startsWith('tests/fixtures'))];
  for (const file of all.filter((path) => statSync(join(ROOT, path)).isFile()))
    folders.set(dirname(file), (folders.get(dirname(file)) ?? 0) + 1);
  expect([...folders].filter(([, count]) => count > 20)).toEqual([]);
  const long = files
    .map((file) => [file, readFileSync(join(SRC, file), 'utf8').split('\n').length - 1] as const)
    .filter(([, lines]) => lines > 350);
  expect(long).toEqual([]);
});
