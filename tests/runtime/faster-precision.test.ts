/** Which precision is faster is measured once and kept; what is damaged, of something else or of another processor counts as nothing. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keptPrecision, measurePrecision, processorIdentity } from '../../src/runtime/faster-precision.ts';
import { createGraphSession, type OnnxSession } from '../../src/runtime/onnx-session.ts';
import type { Graph } from '../../src/trace/graph.ts';
import { ownCache } from '../own-cache.ts';

const cache = ownCache();

/** `times` products of a matrix with itself, one behind the other. */
async function products(times: number): Promise<OnnxSession> {
  const names = Array.from({ length: times + 1 }, (_, at) => (at === 0 ? 'x' : `x${at}`));
  const value = (name: string) => ({ name, type: 'float32' as const, shape: [SIZE, SIZE] });
  const graph: Graph = {
    nodes: names.slice(1).map((output, at) => ({ op: 'MatMul', domain: '', inputs: [names[at], 'x'], outputs: [output], attributes: {} })),
    ...{ initializers: [], inputs: [value('x')], outputs: [value(names[times])] },
  };
  return createGraphSession(graph, { threads: 1 });
}
const SIZE = 128;
const feeds = { x: { data: new Float32Array(SIZE * SIZE), shape: [SIZE, SIZE] } };

async function measured(content: string, fp32Products: number, int8Products: number) {
  const sessions = { fp32: await products(fp32Products), int8: await products(int8Products) };
  const found = await measurePrecision(content, sessions, feeds);
  await Promise.all([sessions.fp32.dispose(), sessions.int8.dispose()]);
  return found;
}

it('is int8 where its graph takes far less, fp32 where it takes more, and is kept by content', async () => {
  expect(keptPrecision('a')).toBeUndefined();
  const faster = await measured('a', 200, 2);
  expect(faster.precision).toBe('int8');
  expect((await measured('b', 2, 200)).precision).toBe('fp32');
  expect(keptPrecision('a')).toEqual(faster);
  expect(keptPrecision('b')?.precision).toBe('fp32');
  expect(keptPrecision('c')).toBeUndefined();
});

it.each<[string, (text: string) => string]>([
  ['cut off', (text) => text.slice(0, 20)],
  ['empty', () => ''],
  ['no number', (text) => text.replace(/"gain":[^}]*/, '"gain":"much"')],
  ['less than nothing', (text) => text.replace(/"gain":[^}]*/, '"gain":-2')],
  ['of another processor, in its place', (text) => text.replace(/"of":"[0-9a-f]+"/, `"of":"${'0'.repeat(32)}"`)],
])('a kept value that is %s counts as none', async (_, damage) => {
  await measured('a', 200, 2);
  const [name] = readdirSync(join(cache(), 'precision'));
  const path = join(cache(), 'precision', name);
  writeFileSync(path, damage(readFileSync(path, 'utf8')));
  expect(keptPrecision('a')).toBeUndefined();
  expect((await measured('a', 2, 200)).precision).toBe('fp32');
  expect(keptPrecision('a')?.precision).toBe('fp32');
});

it('does without a cache that cannot be written', async () => {
  process.env.GLZ_CACHE = join(cache(), 'file');
  writeFileSync(process.env.GLZ_CACHE, '');
  expect((await measured('a', 200, 2)).precision).toBe('int8');
  expect(keptPrecision('a')).toBeUndefined();
});

it('knows the processor by more than its name, which virtual machines share', () => {
  expect(processorIdentity()).toContain(process.arch);
  if (process.platform === 'linux') expect(processorIdentity().split(' ').length).toBeGreaterThan(10);
});
