/**
 * What each command writes and whom it calls, outside a CI, with an empty home: nothing but what the user named and the cache folder, and
 * no host that the user did not name. JavaScript's network is watched in the process; where strace is installed, native code's as well.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type FaultServer, startFaultServer } from '../generate/providers/fault-server.ts';
import { ROOT, TINY_ENCODER, temporaryFolder, writeTinyCheckpoint } from '../tiny-checkpoint.ts';

const WATCH = fileURLToPath(new URL('../network-watch.cjs', import.meta.url));
const CLIP = fileURLToPath(new URL('../fixtures/eval/models/clip', import.meta.url));
const hasStrace = spawnSync('strace', ['-f', '--seccomp-bpf', '-o', '/dev/null', 'true']).status === 0;

/** Paths of all files under a folder, relative to it. */
const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();

/** Folders of one run. Named by what they are to the process. */
function rooms() {
  const root = temporaryFolder();
  const folders = Object.fromEntries(['home', 'tmp', 'cache', 'work'].map((name) => [name, join(root, name)]));
  for (const folder of Object.values(folders)) mkdirSync(folder);
  return folders as Record<'home' | 'tmp' | 'cache' | 'work', string>;
}

/** What a run wrote and whom it called. */
interface Traces {
  code: number | null;
  stderr: string;
  /** Files, relative to each folder. */
  home: string[];
  tmp: string[];
  work: string[];
  /** Hosts that were looked up or connected to, by JavaScript or native code. */
  hosts: string[];
  /** What was opened for writing or made outside the folders of the run. */
  elsewhere: string[];
}

/** Addresses of connections, and paths that were written, in strace's output. */
function readStrace(path: string, cwd: string, inside: readonly string[]): Pick<Traces, 'hosts' | 'elsewhere'> {
  const hosts: string[] = [];
  const elsewhere: string[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const address = /inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"/.exec(line);
    if (address) hosts.push(address[1] ?? address[2]);
    const written =
      /^\d+ +(?:openat\((?:AT_FDCWD|\d+), "([^"]*)", [A-Z_|]*(?:O_CREAT|O_WRONLY|O_RDWR)|(?:creat|mkdir)\("([^"]*)"|mkdirat\([^,]*, "([^"]*)")/.exec(
        line,
      );
    const named = written?.slice(1).find((each) => each !== undefined);
    const file = named === undefined ? undefined : resolve(cwd, named);
    // What fails is not written; devices and the process's own state are no files.
    if (
      file !== undefined &&
      !/ = -1 /.test(line) &&
      !/^\/(dev|proc)\//.test(file) &&
      !inside.some((folder) => `${file}/`.startsWith(`${folder}/`))
    )
      elsewhere.push(file);
  }
  return { hosts, elsewhere };
}

/** Runs a program of Node in a home of its own, outside a CI. */
async function traced(
  args: readonly string[],
  {
    env = {},
    folders = rooms(),
    input,
  }: { env?: Record<string, string | undefined>; folders?: ReturnType<typeof rooms>; input?: string } = {},
): Promise<Traces> {
  const { home, tmp, cache, work } = folders;
  const log = join(temporaryFolder(), 'network');
  const strace = `${log}.strace`;
  const before = new Set(filesUnder(work));
  const program = hasStrace
    ? [
        'strace',
        '-f',
        '--seccomp-bpf',
        '-qq',
        '-o',
        strace,
        '-e',
        'trace=connect,sendto,openat,creat,mkdir,mkdirat',
        process.execPath,
        ...args,
      ]
    : [process.execPath, ...args];
  const variables: NodeJS.ProcessEnv = { ...process.env };
  for (const name of Object.keys(variables))
    if (/^(CI|CONTINUOUS_INTEGRATION|GITHUB_.*|ORT_.*|XDG_.*|HF_.*|.*_PROXY)$/i.test(name)) delete variables[name];
  const child = spawn(program[0], program.slice(1), {
    cwd: work,
    env: {
      ...variables,
      HOME: home,
      TMPDIR: tmp,
      GLZ_CACHE: cache,
      NO_COLOR: '1',
      NODE_OPTIONS: `--require ${WATCH}`,
      NETWORK_WATCH: log,
      ...env,
    },
    // Not 'ignore': that cannot be told from a standard output that is closed.
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  child.stdout!.resume();
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const seen = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  const native = hasStrace ? readStrace(strace, work, [home, tmp, cache, work, log]) : { hosts: [], elsewhere: [] };
  return {
    code,
    stderr,
    home: filesUnder(home),
    tmp: filesUnder(tmp),
    work: filesUnder(work).filter((name) => !before.has(name)),
    hosts: [...new Set([...seen.map((line) => line.split(' ').at(-1)!), ...native.hosts])],
    elsewhere: native.elsewhere,
  };
}

const glz = (args: readonly string[], options?: Parameters<typeof traced>[1]) => traced([join(ROOT, 'bin/glz.js'), ...args], options);
const QUIET = { code: 0, home: [], tmp: [], hosts: [], elsewhere: [] };

let checkpoint = '';
let server: FaultServer | undefined;
beforeAll(async () => {
  checkpoint = await writeTinyCheckpoint();
});
afterAll(() => server?.close());

const rows = ['red', 'green', 'blue'].flatMap((label) =>
  Array.from({ length: 4 }, (_, i) => `${JSON.stringify({ text: `the ${label} one of ${i}`, labels: [label] })}\n`),
);

describe('writes nothing but what was named, and calls nobody', () => {
  it('predict', async () => {
    const run = await glz(['predict', '--checkpoint', checkpoint, '--text', 'x', '--labels', 'a,b']);
    expect(run).toMatchObject({ ...QUIET, work: [] });
  });

  it('predict, with the cache in its usual place', async () => {
    const folders = rooms();
    writeFileSync(join(folders.work, 'in.jsonl'), rows.join(''));
    const run = await glz(['predict', 'in.jsonl', '--checkpoint', checkpoint, '--labels', 'a,b', '--output', 'out.jsonl'], {
      folders,
      env: { GLZ_CACHE: undefined },
    });
    expect(run).toMatchObject({ ...QUIET, home: expect.anything(), work: ['out.jsonl'] });
    expect(run.home.length).toBeGreaterThan(0);
    for (const name of run.home) expect(name).toMatch(/^\.cache\/gliznet\//);
  });

  it('mcp, which answers a call', async () => {
    const opening = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const call = { name: 'classify', arguments: { texts: ['x'], labels: ['a', 'b'] } };
    const messages = [
      { jsonrpc: '2.0', id: 1, method: 'initialize', params: opening },
      { jsonrpc: '2.0', id: 2, method: 'tools/call', params: call },
    ];
    const run = await glz(['mcp', '--checkpoint', checkpoint], { input: messages.map((each) => `${JSON.stringify(each)}\n`).join('') });
    expect(run).toMatchObject({ ...QUIET, work: [] });
  });

  it('export', async () => {
    const run = await glz(['export', '--checkpoint', checkpoint, '--output', 'onnx', '--quiet']);
    expect(run).toMatchObject(QUIET);
    expect(new Set(run.work.map((name) => dirname(name)))).toEqual(new Set(['onnx']));
  });

  it('train, with evaluations', async () => {
    const folders = rooms();
    writeFileSync(join(folders.work, 'data.jsonl'), rows.join(''));
    const settings = ['--batch-size', '4', '--max-steps', '3', '--threads', '1', '--set', 'model.projection=8', '--set', 'dev.every=2'];
    const run = await glz(
      ['train', '--data', 'data.jsonl', '--dev', 'data.jsonl', '--encoder', TINY_ENCODER, '--output', 'run', ...settings],
      { folders },
    );
    expect(run).toMatchObject(QUIET);
    expect(new Set(run.work.map((name) => name.split('/')[0]))).toEqual(new Set(['run']));
  });

  it('eval, each system in a process of its own, with pictures', async () => {
    const folders = rooms();
    mkdirSync(join(folders.work, 'set'));
    const labels = ['complaint', 'politics and government', 'sports'];
    const records = labels.map((label) => `${JSON.stringify({ text: `one of ${label}`, labels: [label] })}\n`);
    writeFileSync(join(folders.work, 'set/test.jsonl'), records.join(''));
    writeFileSync(join(folders.work, 'set/labels.json'), JSON.stringify(labels));
    const systems = ['--checkpoint', checkpoint, '--baseline', `clip:${CLIP},images=${join(CLIP, 'images')}`, '--baseline', 'random'];
    const settings = ['--latency-calls', '2', '--resamples', '5', '--quiet', '--json', 'result.json'];
    const run = await glz(['eval', '--data', 'set', ...systems, ...settings], { folders });
    expect(run.stderr).toBe('');
    expect(run).toMatchObject({ ...QUIET, work: ['result.json'] });
  });

  it.each(['ollama', 'groq'] as const)('generate: %s alone is called', async (provider) => {
    server ??= await startFaultServer({ share: 0, faults: [] });
    const { hostname } = new URL(server.url);
    const env: Record<string, string> =
      provider === 'ollama' ? { OLLAMA_HOST: server.url } : { GROQ_API_KEY: 'key', GROQ_BASE_URL: server.url };
    const run = await glz(
      ['generate', '--provider', provider, '--model', 'm', '--languages', 'Esperanto', '--count', '4', '--output', 'out.jsonl', '--quiet'],
      { env },
    );
    expect(run).toMatchObject({ ...QUIET, hosts: [hostname], work: ['out.jsonl', 'out.jsonl.journal', 'out.jsonl.report.html'] });
  });
});

describe('ONNX Runtime', () => {
  /** TypeScript and JavaScript under a folder of the project. */
  const sources = (folder: string) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[cm]?[jt]s$/.test(name))
      .map((name) => join(folder, name));

  it('is loaded in one place, which switches its reports off', () => {
    const loads = /^import (?!type )[^;]*'onnxruntime-node'|(?<!typeof )import\('onnxruntime-node'\)|require\('onnxruntime-node'\)/m;
    const found = ['src', 'bench', 'scripts', 'bin'].flatMap(sources).filter((path) => loads.test(readFileSync(join(ROOT, path), 'utf8')));
    // The code of exported READMEs does so by itself.
    expect(found.map((path) => relative('src', path)).sort()).toEqual([
      'export/export-readme.ts',
      'export/late-readme.ts',
      'runtime/load-runtime.ts',
    ]);
    for (const name of ['export-readme.ts', 'late-readme.ts']) {
      const code = readFileSync(join(ROOT, 'src/export', name), 'utf8');
      for (const [set, load] of [
        ["process.env.ORT_DISABLE_TELEMETRY = '1'", "import('onnxruntime-node')"],
        ['os.environ["ORT_DISABLE_TELEMETRY"] = "1"', 'import numpy as np, onnxruntime'],
      ]) {
        expect(code.indexOf(set)).toBeGreaterThan(0);
        expect(code.indexOf(set)).toBeLessThan(code.indexOf(load));
      }
    }
  });

  it('does not load in a thread that cannot switch its reports off', async () => {
    const index = JSON.stringify(pathToFileURL(join(ROOT, 'dist/index.js')).href);
    const inThread = `const { workerData } = require('node:worker_threads');
      import(workerData).then(({ GliZNet }) => GliZNet.load(${JSON.stringify(checkpoint)})).then((model) => model.dispose()).then(() => console.error('loaded'), (error) => console.error(error.name + ': ' + error.message))`;
    const start = `new (require('node:worker_threads').Worker)(${JSON.stringify(inThread)}, { eval: true, workerData: ${index} })`;
    const refused = await traced(['--eval', start]);
    expect(refused).toMatchObject({
      ...QUIET,
      stderr: expect.stringMatching(/^DataError: .*ONNX Runtime would report to its maker from this thread/),
    });
    const allowed = await traced(['--eval', `import(${index}).then(() => ${start})`]);
    expect(allowed).toMatchObject({ ...QUIET, stderr: 'loaded\n' });
  });
});
