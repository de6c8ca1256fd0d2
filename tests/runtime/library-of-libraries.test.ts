/** The loader of Linux takes the library that names others: what it needs is loaded, and found through it. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installedRuntime } from '../../src/runtime/cuda-provider.ts';
import { libraryOfLibraries } from '../../src/runtime/library-of-libraries.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';

/** Loads a library as an addon in a process of its own. @returns the names that it exports, or the loader's complaint */
function load(needed: string[]): string {
  const path = join(temporaryFolder(), 'library.so');
  writeFileSync(path, libraryOfLibraries(needed));
  const script =
    'const module = { exports: {} }; try { process.dlopen(module, process.argv[1]); console.log(Object.keys(module.exports).join()) } catch (e) { console.log(e.message) }';
  return execFileSync(process.execPath, ['-e', script, path], { encoding: 'utf8' });
}

const onLinux = process.platform === 'linux' && process.arch === 'x64' ? describe : describe.skip;

onLinux('a library of libraries', () => {
  it('has what it names loaded, whose symbols are found through it', () => {
    const binding = join(installedRuntime().folder, 'onnxruntime_binding.node');
    expect(load(['libm.so.6', binding])).toMatch(/InferenceSession/);
  });

  it('does not load where one of them is missing, which is named', () => {
    expect(load(['libm.so.6', 'libno-such.so.1', 'libnor-this.so.1'])).toMatch(/^libno-such\.so\.1: cannot open shared object file/);
  });

  it('may need nothing', () => {
    expect(load([])).toMatch(/did not self-register/);
  });
});
