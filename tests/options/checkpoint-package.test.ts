/** glz-multi is a package of its own: packed, installed with npm, and found by its name beside glz or in the project of the working directory. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runGlz } from '../run-glz.ts';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const PACKAGE = 'gliznet-glz-multi';
const NOT_THERE = `glz-multi is a package of its own: npm install ${PACKAGE} (with -g where glz was installed so)`;
const DATA = join(ROOT, 'datasets/generated-sample/examples.jsonl');

/** Runs npm without the network. */
function npm(cwd: string, ...args: string[]): void {
  const env = { ...process.env, npm_config_cache: join(temporaryFolder(), 'npm'), npm_config_update_notifier: 'false' };
  const { status, stderr } = spawnSync('npm', args, { cwd, env, encoding: 'utf8', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(stderr);
}

/** Glz as npm installs it, in a folder of its own, with the packages of this checkout. -> its root */
function installedGlz(): string {
  const modules = join(temporaryFolder(), 'node_modules');
  const root = join(modules, 'gliznet');
  mkdirSync(root, { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(realpathSync(join(ROOT, 'node_modules', name)), join(modules, name), 'junction');
  for (const name of ['bin', 'dist', 'configs', 'package.json']) cpSync(join(ROOT, name), join(root, name), { recursive: true });
  return root;
}

/** A project of a user's that has the package. */
async function projectWithPackage(): Promise<string> {
  const folder = await writeTinyCheckpoint({ crossAttention: 'late', similarity: 'cosine', textPooling: 'mean', labelPooling: 'mean' });
  copyFileSync(join(ROOT, 'checkpoints/glz-multi/package.json'), join(folder, 'package.json'));
  const project = temporaryFolder();
  npm(folder, 'pack', '--pack-destination', project);
  const [packed] = readdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"private":true}');
  npm(project, 'install', '--offline', '--no-audit', '--no-fund', `./${packed}`);
  return project;
}

const PREDICT = ['predict', '--checkpoint', 'glz-multi', '--text', 'a film about the sea', '--labels', 'film,sport', '--json'];
const empty = { cwd: temporaryFolder(), env: { HF_HOME: temporaryFolder(), HF_ENDPOINT: 'http://127.0.0.1:9' } };

describe('glz-multi', () => {
  it.each([
    ['predict', PREDICT.slice(1)],
    ['export', ['--checkpoint', 'glz-multi', '--output', 'out']],
    ['train', ['--checkpoint', 'glz-multi', '--data', DATA, '--output', 'run']],
    ['eval', ['--baseline', 'gliznet:glz-multi', '--data', DATA, '--no-cache', '--no-isolate', '--latency-calls', '0']],
    ['info', ['--checkpoint', 'glz-multi']],
  ])('is told by glz %s to be a package where it is not there, and the network is not asked', async (command, args) => {
    const root = installedGlz();
    const { code, stdout, stderr } = await runGlz([command, ...args], { ...empty, root });
    expect(code).not.toBe(0);
    expect(`${stdout}${stderr}`).toContain(NOT_THERE);
    expect(stderr).not.toContain('127.0.0.1');
  });

  it('is found in the project of the working directory, and goes on to be found beside glz', async () => {
    const root = installedGlz();
    const project = await projectWithPackage();
    const folder = join('node_modules', PACKAGE);
    expect(readdirSync(join(project, folder)).sort()).toEqual([
      ...['config.json', 'model.safetensors', 'package.json', 'tokenizer.json', 'tokenizer_config.json'],
    ]);
    // Its package.json is not read.
    writeFileSync(join(project, folder, 'package.json'), '{');
    const inProject = await runGlz(PREDICT, { ...empty, root, cwd: project });
    expect([inProject.code, Object.keys(JSON.parse(inProject.stdout))]).toEqual([0, expect.arrayContaining(['labels', 'scores'])]);
    renameSync(join(project, folder), join(root, '..', PACKAGE));
    const beside = await runGlz(PREDICT, { ...empty, root });
    expect(beside).toMatchObject({ code: 0, stdout: inProject.stdout });
    const damaged = join(root, '..', PACKAGE);
    rmSync(join(damaged, 'config.json'));
    const without = await runGlz(PREDICT, { ...empty, root });
    expect([without.code, without.stderr]).toEqual([1, `glz: ${realpathSync(damaged)} holds no checkpoint: no config.json\n`]);
  });

  it('gives way to a folder of that name in the working directory, as checkpoints that ship do', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'glz-multi'));
    const { code, stderr } = await runGlz(PREDICT, { ...empty, cwd });
    expect([code, stderr]).toEqual([1, 'glz: glz-multi holds no checkpoint: no config.json\n']);
  });
});

it('does not come with glz: its 50 MB are for those who ask for it', () => {
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--pack-destination', '.'], {
    ...{ cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32' },
    env: { ...process.env, npm_config_cache: join(temporaryFolder(), 'npm'), npm_config_update_notifier: 'false' },
  });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const checkpoints = files.flatMap(({ path }) => /^checkpoints\/([^/]+)\//.exec(path)?.[1] ?? []);
  expect([...new Set(checkpoints)].sort()).toEqual(['glz-mini', 'glz-small']);
});
