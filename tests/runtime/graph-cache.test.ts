/** The cache of derived graphs: damaged files are derived again, the last used stay, and whoever cannot have one goes without. */
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../src/base/make-folder.ts';
import { cacheFolder, derivedFile } from '../../src/runtime/graph-cache.ts';
import { ownCache } from '../own-cache.ts';

const cache = ownCache();

/** Of more than one hashed piece, in chunks that do not end where pieces do. */
const CONTENT = [3_000_001, 1, 0, 5_000_003].map((length, k) => new Uint8Array(length).map((_, i) => (i * 7 + k) % 251));
const WHOLE = Buffer.concat(CONTENT);

/** The file of `hash`, and how often it had to be derived for that. */
async function ask(hash: string, content: Uint8Array[] = CONTENT): Promise<{ derived: number; file: string | Uint8Array }> {
  let derived = 0;
  const file = await derivedFile(hash, 'fp32', async () => {
    derived++;
    return content;
  });
  return { derived, file };
}

describe('a derived file', () => {
  it('is made once, with what it holds first in it', async () => {
    const first = await ask('a');
    const again = await ask('a');
    expect([first.derived, again.derived]).toEqual([1, 0]);
    expect(again.file).toBe(first.file);
    expect(
      readFileSync(first.file as string)
        .subarray(0, WHOLE.length)
        .equals(WHOLE),
    ).toBe(true);
  });

  it.each<[string, (path: string, bytes: Buffer) => void]>([
    ['at its head', (path, bytes) => writeFileSync(path, bytes.fill(0, 0, 5))],
    ['in the middle, by one bit', (path, bytes) => writeFileSync(path, bytes.fill(bytes[4_500_000] ^ 1, 4_500_000, 4_500_001))],
    ['at its end', (path, bytes) => writeFileSync(path, bytes.fill(0, bytes.length - 1))],
    ['cut short', (path, bytes) => truncateSync(path, bytes.length - 1000)],
    ['empty', (path) => writeFileSync(path, '')],
    ['of another piece twice', (path, bytes) => writeFileSync(path, Buffer.from(bytes).copyWithin(1 << 22, 0, 1 << 21))],
  ])('is made again where it is damaged: %s', async (_, damage) => {
    const { file } = await ask('a');
    const path = file as string;
    const good = readFileSync(path);
    damage(path, Buffer.from(good));
    expect((await ask('a')).derived).toBe(1);
    expect(readFileSync(path).equals(good)).toBe(true);
  });

  it('goes when it was used longest ago, not when it was made first, and not soon after its use', async () => {
    const small = [Uint8Array.of(1, 2, 3)];
    const paths: string[] = [];
    for (let i = 0; i < 14; i++) paths.push((await ask(`h${i}`, small)).file as string);
    expect(paths.filter((path) => existsSync(path))).toHaveLength(14);
    // All were used hours ago, the first one just now.
    for (const [i, path] of paths.entries()) utimesSync(path, new Date(Date.now() - 7200_000 + i * 1000), statSync(path).mtime);
    expect((await ask('h0', small)).derived).toBe(0);
    await ask('new', small);
    expect(paths.filter((path) => !existsSync(path))).toEqual(paths.slice(1, 4));
    expect(readdirSync(join(cache(), 'onnx'))).toHaveLength(12);
  });
});

describe('without a place for a cache', () => {
  it.each(['/proc/self', '/dev/null', '/proc/1/x'])('the bytes themselves are given (GLZ_CACHE=%s)', async (folder) => {
    if (process.platform !== 'linux') return;
    process.env.GLZ_CACHE = folder;
    const { file, derived } = await ask('a');
    expect(derived).toBe(1);
    expect(WHOLE.equals(file as Uint8Array)).toBe(true);
  });

  it('a folder is made as far as it can be', () => {
    const folder = join(cache(), 'a/b/c');
    makeFolder(folder);
    makeFolder(folder);
    expect(statSync(folder).isDirectory()).toBe(true);
    writeFileSync(join(cache(), 'file'), '');
    expect(() => makeFolder(join(cache(), 'file'))).toThrow(`${join(cache(), 'file')} is no folder`);
    expect(() => makeFolder(join(cache(), 'file/x'))).toThrow(`${join(cache(), 'file')} is no folder`);
  });

  it('follows GLZ_CACHE, then XDG_CACHE_HOME, then the home folder', () => {
    expect(cacheFolder()).toBe(cache());
    process.env.GLZ_CACHE = '';
    process.env.XDG_CACHE_HOME = '/x';
    expect(cacheFolder()).toBe(join('/x', 'gliznet'));
  });
});
