import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callGlz } from '../call-glz.ts';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const cache = temporaryFolder();
mkdirSync(join(cache, 'onnx'));
writeFileSync(join(cache, 'onnx/a.onnx'), Buffer.alloc(1000));
writeFileSync(join(cache, 'b'), Buffer.alloc(234));
const env = { GLZ_CACHE: cache, HF_TOKEN: 'hf_secret', HF_HOME: temporaryFolder() };
const info = (...args: string[]) => callGlz(['info', ...args], { env });

describe('glz info', () => {
  it('shows versions, devices, the cache with its size, the checkpoint that ships, optional packages; values of no variable', async () => {
    const { code, stdout, stderr } = await info();
    expect([code, stderr]).toEqual([0, '']);
    const { version, peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      version: string;
      peerDependencies: object;
    };
    expect(stdout).toMatch(`glz          ${version}; Node ${process.versions.node}, ${process.platform} ${process.arch}`);
    expect(stdout).toMatch(/^runtime +ONNX Runtime 1\.\d+\.\d+$/m);
    expect(stdout).toMatch(/^devices +\+ cpu/m);
    expect(stdout).toMatch(/^ +[+-] tensorflow /m);
    expect(stdout).toContain(`${cache}: 2 files, 0.0 MB`);
    expect(stdout).toMatch(/^checkpoint +.*checkpoints.glz-mini$/m);
    expect(stdout).toMatch(/bert, 6 layers, 384 wide; 22\.6 M parameters, I8, F16, F32, 23 MB/);
    expect(stdout).toMatch(/^precision +fp32; what --precision auto takes was not measured on this processor yet$/m);
    expect(stdout).toMatch(/^languages +en \(its card\); Latin letters are in its vocabulary$/m);
    for (const name of Object.keys(peerDependencies)) expect(stdout).toMatch(new RegExp(`[+-] ${name}( \\d|$)`, 'm'));
    expect(stdout).toMatch(/^environment .*GLZ_CACHE, .*HF_HOME, HF_TOKEN/m);
    expect(stdout).not.toContain('hf_secret');
  });

  it('gives the same as JSON, of a checkpoint with labels too', async () => {
    const checkpoint = await writeTinyCheckpoint({ crossAttention: 'gated', labelStyle: 'marker', marker: '[MASK]' });
    const config = JSON.parse(readFileSync(join(checkpoint, 'config.json'), 'utf8'));
    writeFileSync(join(checkpoint, 'config.json'), JSON.stringify({ ...config, labels: ['a', 'b'] }));
    writeFileSync(join(checkpoint, 'README.md'), '---\nlanguage: [en, de]\n---\n# A card\n');
    const { code, stdout } = await info('--checkpoint', checkpoint, '--json');
    expect(code).toBe(0);
    const found = JSON.parse(stdout);
    expect(found.checkpoint).toMatchObject({ folder: checkpoint, crossAttention: 'gated', labels: ['a', 'b'], languages: ['en', 'de'] });
    expect(found.checkpoint.parameters).toBeGreaterThan(1000);
    expect(found.cache).toEqual({ folder: cache, files: 2, bytes: 1234 });
    expect(found.optionalPackages['@tensorflow/tfjs-node-gpu']).toBe(null);
    const readable = await info('--checkpoint', checkpoint);
    expect(readable.stdout).toMatch(/^labels +a, b$/m);
    expect(readable.stdout).toMatch(/^languages +en, de \(its card\)/m);
  });

  it('says what --precision auto takes, which is measured once and told each time', async () => {
    const kept = { GLZ_CACHE: temporaryFolder() };
    const checkpoint = await writeTinyCheckpoint({ crossAttention: 'gated', labelStyle: 'marker', marker: '[MASK]' });
    const args = ['predict', '--text', 'a train', '--labels', 'a,b', '--checkpoint', checkpoint, '--precision', 'auto'];
    const first = await callGlz(args, { env: kept });
    expect(first).toMatchObject({ code: 0 });
    const [, said] = /^(precision auto: (?:fp32|int8); int8 is [\d.]+ times as fast as fp32 on this processor)$/m.exec(first.stderr)!;
    const again = await callGlz(args, { env: kept });
    expect(again).toEqual({ ...first, stderr: `${said}\n` });
    const precision = /^precision auto: (\w+)/.exec(said)![1];
    const { stdout } = await callGlz(['info', '--checkpoint', checkpoint, '--json'], { env: kept });
    expect(JSON.parse(stdout).checkpoint).toMatchObject({ precision: 'fp32', fasterPrecision: { precision } });
    const named = await callGlz([...args.slice(0, -1), precision], { env: kept });
    expect(named.stdout).toBe(first.stdout);
  });

  it('shows the rest where there is no checkpoint, says so, and ends with 1; the network is not asked', async () => {
    const none = await info('--checkpoint', 'some/model');
    expect([none.code, none.stdout]).toEqual([
      1,
      expect.stringMatching(/^glz [\s\S]*^checkpoint +some\/model: no such folder, and no model of that id/m),
    ]);
    const empty = temporaryFolder();
    expect((await info('--checkpoint', empty)).stdout).toMatch(/^checkpoint +.*holds no checkpoint: no config\.json$/m);
    writeFileSync(join(empty, 'config.json'), '{');
    expect((await info('--checkpoint', empty, '--json')).stdout).toMatch(/"error": ".*config\.json/);
  });
});
