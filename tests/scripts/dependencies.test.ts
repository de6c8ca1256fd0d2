/** The bill of materials and the licences of what an install holds. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../tiny-checkpoint.ts';

const run = (what: string) =>
  spawnSync(process.execPath, [join(ROOT, 'scripts/dependencies.mjs'), what], { encoding: 'utf8', maxBuffer: 1 << 28 });

it('every package that an install holds has a licence that was read', () => {
  const { status, stdout, stderr } = run('licences');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^onnxruntime-node@[\d.]+ {2}MIT$/m);
});

it('the bill of materials is CycloneDX and names what is installed', () => {
  const { status, stdout } = run('sbom');
  expect(status).toBe(0);
  const { bomFormat, components } = JSON.parse(stdout) as { bomFormat: string; components: { name: string }[] };
  expect(bomFormat).toBe('CycloneDX');
  expect(components.map(({ name }) => name)).toEqual(expect.arrayContaining(['onnxruntime-node', 'tokenizers', 'commander']));
});
