/** Folders are replaced whole, and nothing that somebody else put into them is lost, wherever a kill comes. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../src/base/errors.ts';
import { temporaryName } from '../../src/base/files.ts';
import { ownMark } from '../../src/base/locks/process-mark.ts';
import { foreignEntry, removeFolder, removeLeftFolders, writeFolderAtomically } from '../../src/base/whole-folders.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';

const NAMES = new Set(['a', 'b', 'state']);

/** Writes files by path under a folder. */
function fill(folder: string, files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}
const under = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
const write = (folder: string, files: Record<string, string>) =>
  writeFolderAtomically(folder, NAMES, (temporary) => void fill(temporary, files));
/** A temporary name of a process that has ended. */
const dead = (name: string) => temporaryName(name).replace(ownMark(), ownMark().replace(/^glz-\d+/, `glz-${2 ** 31 - 1}`));

describe('writeFolderAtomically', () => {
  it('replaces a folder as a whole, and leaves the old one where writing fails', () => {
    const parent = temporaryFolder();
    const folder = join(parent, 'c');
    write(folder, { a: '1' });
    expect(() =>
      writeFolderAtomically(folder, NAMES, (temporary) => {
        fill(temporary, { a: '2' });
        throw new Error('disk full');
      }),
    ).toThrow(/cannot write .*disk full/);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('1');
    write(folder, { b: '3' });
    expect([under(folder), readdirSync(parent)]).toEqual([['b'], ['c']]);
  });

  it('makes the folders above, which go again where writing fails, and says what stands in the way', () => {
    const parent = temporaryFolder();
    write(join(parent, 'new/deeper/c'), { a: '1' });
    expect(under(join(parent, 'new'))).toEqual(['deeper', 'deeper/c', 'deeper/c/a']);
    const full = () => {
      throw new Error('disk full');
    };
    expect(() => writeFolderAtomically(join(parent, 'other/deeper/c'), NAMES, full)).toThrow(/cannot write .*disk full/);
    writeFileSync(join(parent, 'file'), '');
    const below = join(parent, 'file/c');
    expect(() => write(below, { a: '1' })).toThrow(new DataError(`cannot write ${below}: not a directory`));
    expect(readdirSync(parent).sort()).toEqual(['file', 'new']);
  });

  it('leaves what somebody else put into the folder', () => {
    const parent = temporaryFolder();
    const folder = fill(join(parent, 'c'), { a: '1', 'notes.txt': 'mine', 'more/a': 'mine too', 'b/deep': 'a folder of an own name' });
    write(folder, { a: '2', state: '' });
    expect([under(folder), readdirSync(parent)]).toEqual([['a', 'b', 'b/deep', 'more', 'more/a', 'notes.txt', 'state'], ['c']]);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('2');
  });

  it('replaces a link by a folder and leaves what it points to', () => {
    const parent = temporaryFolder();
    const real = fill(join(parent, 'real'), { a: '1', mine: '' });
    symlinkSync('real', join(parent, 'c'));
    write(join(parent, 'c'), { a: '2' });
    expect([under(real), under(join(parent, 'c')), readFileSync(join(real, 'a'), 'utf8')]).toEqual([['a', 'mine'], ['a'], '1']);
  });
});

it('removes a folder but for what somebody else put into it', () => {
  const parent = temporaryFolder();
  removeFolder(fill(join(parent, 'c'), { a: '', [`b.${ownMark()}.0123abcd.tmp`]: '' }), NAMES);
  expect(readdirSync(parent)).toEqual([]);
  removeFolder(fill(join(parent, 'c'), { a: '', notes: '' }), NAMES);
  expect(under(parent)).toEqual(['c', 'c/notes']);
});

describe('what a killed process left', () => {
  const tidy = (parent: string) => removeLeftFolders(parent, (name) => (name === 'c' || name === 'd' ? NAMES : undefined));

  it('goes, or comes back where its successor never came', () => {
    const parent = temporaryFolder();
    fill(parent, { [`${dead('c')}/a`]: 'half', [`${dead('c')}.old/a`]: 'whole', [dead('d')]: 'half a file' });
    tidy(parent);
    expect([under(parent), readFileSync(join(parent, 'c/a'), 'utf8')]).toEqual([['c', 'c/a'], 'whole']);
  });

  it('gives back what was somebody else’s in a folder that was replaced', () => {
    const parent = temporaryFolder();
    fill(parent, { 'c/a': 'new', [`${dead('c')}.old/a`]: 'old', [`${dead('c')}.old/notes`]: 'mine', [`${dead('d')}/notes`]: 'mine' });
    tidy(parent);
    expect([under(parent), readFileSync(join(parent, 'c/a'), 'utf8')]).toEqual([['c', 'c/a', 'c/notes', 'd', 'd/notes'], 'new']);
  });

  it('is told from what others made: other names, other endings, a process that runs', () => {
    const parent = temporaryFolder();
    fill(parent, { [`${dead('e')}/a`]: '', 'c.tmp/a': '', 'c.12.0123abcd.tmp/a': '', [`${dead('c')}.bak`]: '', [temporaryName('c')]: '' });
    const before = under(parent);
    tidy(parent);
    expect(under(parent)).toEqual(before);
    tidy(join(parent, 'none'));
    expect(existsSync(join(parent, 'none'))).toBe(false);
  });
});

it('finds what is not of these names', () => {
  const folder = fill(temporaryFolder(), { a: '', [dead('b')]: '' });
  expect(foreignEntry(folder, NAMES)).toBeUndefined();
  fill(folder, { 'ab.txt': '' });
  expect(foreignEntry(folder, NAMES)).toBe('ab.txt');
});
