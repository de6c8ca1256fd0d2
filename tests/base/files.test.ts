import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataError } from '../../src/base/errors.ts';
import {
  behindLinks,
  isBrokenLink,
  statsOf,
  temporaryName,
  temporaryOf,
  writeFileAtomically,
  writeNamedFile,
} from '../../src/base/files.ts';
import { ownMark } from '../../src/base/locks/process-mark.ts';
import { ROOT, temporaryFolder } from '../tiny-checkpoint.ts';

/** What a process that has ended calls a temporary file of `path`. */
function deadTemporary(path: string): string {
  const files = JSON.stringify(pathToFileURL(join(ROOT, 'dist/base/files.js')).href);
  const script = `import { temporaryName } from ${files}; process.stdout.write(temporaryName(${JSON.stringify(path)}))`;
  return spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }).stdout;
}

describe('writeFileAtomically', () => {
  it('removes what a killed process left of this very file, and nothing else', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a.json');
    const dead = deadTemporary(path);
    const others = [
      deadTemporary(join(folder, 'b.json')),
      deadTemporary(join(folder, 'x.a.json')),
      temporaryName(path),
      `${path}.glz-77-0123abcd-0123abcd.0123abcd.tmp`,
      `${path}.1234.0123abcd.tmp`,
      `${path}.tmp`,
      `${dead}.mine`,
    ];
    for (const name of [dead, ...others]) writeFileSync(name, '');
    writeFileAtomically(path, 'text');
    expect(readdirSync(folder).sort()).toEqual([path, ...others].map((name) => name.slice(folder.length + 1)).sort());
    expect(readFileSync(path, 'utf8')).toBe('text');
  });

  it('says by its temporary name what is to become of it', () => {
    expect(temporaryOf(temporaryName('step-9'))).toEqual({ target: 'step-9', mark: ownMark() });
    for (const name of ['step-9.tmp', 'step-9', 'step-9.12.0123abcd.tmp']) expect(temporaryOf(name)).toBeUndefined();
  });
});

it('finds nothing at names that cannot be, and says so of what may not be looked at', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  writeFileSync(at('file'), '');
  symlinkSync(at('loop'), at('loop'));
  symlinkSync(at('absent'), at('broken'));
  expect(statsOf(at('file'))?.isFile()).toBe(true);
  for (const name of ['absent', 'file/below', 'loop', 'broken', 'x'.repeat(300)]) expect(statsOf(at(name))).toBeUndefined();
  expect(['file', 'absent', 'file/below', 'x'.repeat(300), 'loop', 'broken'].map((name) => isBrokenLink(at(name)))).toEqual([
    ...[false, false, false, false, true, true],
  ]);
  // The system's own error, which no user of a test run as root can meet otherwise.
  expect(() => statsOf('a\0b')).toThrow(DataError);
});

it('finds the file behind links', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'real'));
  symlinkSync('real/out', join(folder, 'link'));
  expect(behindLinks(join(folder, 'link'))).toMatch(/real\/out$/);
  expect(behindLinks(join(folder, 'none'))).toBe(join(folder, 'none'));
});

it('writes into devices and behind links, and replaces neither', () => {
  const folder = temporaryFolder();
  const [target, link] = [join(folder, 'target'), join(folder, 'link')];
  writeFileSync(target, 'old');
  symlinkSync(target, link);
  writeNamedFile(link, 'new');
  expect(readFileSync(target, 'utf8')).toBe('new');
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  writeNamedFile('/dev/null', 'lost');
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['link', 'target']);
});
