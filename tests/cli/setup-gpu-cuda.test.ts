/**
 * `glz setup-gpu --cuda` with a stand-in for pip, which unpacks small files instead of 1.4 GB, in an installation of glz of its own:
 * the command writes into onnxruntime-node's folder. The stand-in of ONNX Runtime's library asks for a driver that no machine has.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { installedRuntime } from '../../src/runtime/cuda-provider.ts';
import { libraryOfLibraries } from '../../src/runtime/library-of-libraries.ts';
import { callGlz } from '../call-glz.ts';
import { runGlz } from '../run-glz.ts';
import { ROOT, temporaryFolder } from '../tiny-checkpoint.ts';

const PROVIDER = 'libonnxruntime_providers_cuda.so';
const BRIDGE = 'libonnxruntime_providers_shared.so';
const NVIDIA = ['libcublas.so.13', 'libcudnn.so.9', 'libcudnn_ops.so.9', 'libnvrtc-builtins.so.13.5'];

const runtime = installedRuntime();

/** A copy of glz whose onnxruntime-node may be written. @returns its folder and that of ONNX Runtime's library */
function installation(): { root: string; beside: string } {
  const root = join(temporaryFolder(), 'glz');
  for (const name of ['bin', 'dist', 'package.json']) cpSync(join(ROOT, name), join(root, name), { recursive: true });
  mkdirSync(join(root, 'node_modules'));
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (name !== 'onnxruntime-node') symlinkSync(join(ROOT, 'node_modules', name), join(root, 'node_modules', name));
  // Behind links, as the runtime's folder is named: what is copied would else be written over itself.
  const from = realpathSync(join(ROOT, 'node_modules/onnxruntime-node'));
  const to = join(root, 'node_modules/onnxruntime-node');
  for (const name of ['package.json', 'dist']) cpSync(join(from, name), join(to, name), { recursive: true });
  const beside = runtime.folder.replace(from, to);
  mkdirSync(beside, { recursive: true });
  for (const name of readdirSync(runtime.folder))
    if (!/providers/.test(name)) cpSync(join(runtime.folder, name), join(beside, name), { dereference: true });
  return { root, beside };
}

function writeFiles(folder: string, files: Record<string, string | Uint8Array>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** A Python whose pip unpacks prepared files and writes down what it was asked for. */
function standInPython({ bridge = libraryOfLibraries(['libcuda.so.none']) as string | Uint8Array } = {}) {
  const folder = temporaryFolder();
  const log = join(folder, 'asked');
  writeFiles(join(folder, 'provider'), {
    [`onnxruntime/capi/${PROVIDER}`]: 'provider',
    [`onnxruntime/capi/${BRIDGE}`]: bridge,
    'onnxruntime/capi/libonnxruntime_providers_tensorrt.so': 'not kept',
    [`onnxruntime_gpu-${runtime.version}.dist-info/METADATA`]: [
      'Requires-Dist: numpy>=1.21.6',
      'Requires-Dist: nvidia-cuda-runtime~=13.1; extra == "cuda"',
      'Requires-Dist: nvidia-cufft~=12.0; extra == "cuda"',
      'Requires-Dist: nvidia-cudnn-cu13~=9.2; extra == "cudnn"',
    ].join('\n'),
  });
  writeFiles(join(folder, 'nvidia'), {
    ...Object.fromEntries(NVIDIA.map((name) => [`nvidia/any/lib/${name}`, name])),
    'nvidia/any/lib/libnvblas.so.13': 'not kept',
    'nvidia/any/include/cublas.h': 'not kept',
  });
  const script = `#!/bin/sh
case "$*" in
  --version|"-m pip --version") exit 0;;
  *onnxruntime-gpu==${runtime.version}*) from=provider;;
  *) from=nvidia;;
esac
echo "$*" >> '${log}'
while [ "$1" != --target ]; do shift; done
mkdir -p "$2" && cp -r '${folder}'/$from/. "$2"
`;
  writeFileSync(join(folder, 'python3'), script, { mode: 0o755 });
  const asked = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  return { path: `${folder}:${process.env.PATH}`, asked };
}

/** Node options that run code before glz: what is refused on other machines can be seen on any. */
const before = (code: string) => ({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` });
const changed = (name: string, body: string) =>
  before(`import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'; fs.${name} = ${body}; syncBuiltinESMExports()`);

function program(name: string, script: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

const lastLine = (text: string) => text.trim().split('\n').at(-1);

describe('glz setup-gpu --cuda elsewhere', () => {
  it.each([
    ['platform', 'darwin'],
    ['platform', 'win32'],
    ['arch', 'arm64'],
  ])('%s %s: says that it is for Linux x64, and leaves nothing', async (key, value) => {
    const cache = temporaryFolder();
    const env = { ...before(`Object.defineProperty(process,'${key}',{value:'${value}'})`), GLZ_CACHE: cache };
    const { code, stderr } = await runGlz(['setup-gpu', '--cuda'], { env });
    expect(stderr).toMatch(/CUDA provider is set up on Linux x64 only, this is .*--device cpu/);
    expect([code, readdirSync(cache)]).toEqual([2, []]);
  });
});

const onLinux = process.platform === 'linux' && process.arch === 'x64' ? describe : describe.skip;

onLinux('glz setup-gpu --cuda', () => {
  const { root, beside } = installation();
  const cache = temporaryFolder();
  const folder = join(cache, 'cuda');
  const python = standInPython();
  const setUp = (args: string[] = [], { env = {} as Record<string, string>, into = cache } = {}) => {
    // What NODE_OPTIONS changes holds for a whole process.
    const run = env.NODE_OPTIONS ? runGlz : callGlz;
    return run(['setup-gpu', '--cuda', ...args], { root, env: { PATH: python.path, GLZ_CACHE: into, ...env } });
  };
  const besides = () => readdirSync(beside).filter((name) => /providers/.test(name));
  const downloads = async (args: string[] = []) => {
    const earlier = python.asked().length;
    const result = await setUp(args);
    return { ...result, asked: python.asked().slice(earlier) };
  };

  it.each([
    ['without Python', { PATH: temporaryFolder() }, /python3 does not run: install Python 3 with pip .*--python/],
    ['without pip', { PATH: program('python3', '[ "$*" = --version ]') }, /python3 has no pip: install it .*--python/],
    [
      'without a network',
      { PATH: program('python3', 'case "$*" in *install*) echo "ERROR: No matching distribution" >&2; exit 1;; esac') },
      /pip cannot install onnxruntime-gpu==[\d.]+: ERROR: No matching distribution; is there a network, and is PIP_INDEX_URL right/,
    ],
    [
      'with little space',
      changed('statfsSync', '() => ({ bavail: 1e9, bsize: 1 })'),
      /cuda: 1\.0 GB are free, about 6 GB are needed; free some space or name another --folder/,
    ],
    [
      'in an installation of somebody else',
      changed('accessSync', "() => { throw new Error('EACCES') }"),
      /cannot write .*onnxruntime-node.*linux\/x64, where onnxruntime-node looks .*: run this as the user who installed glz/,
    ],
  ])('%s: one line that says what to do, and nothing is left', async (_case, env, message) => {
    const into = temporaryFolder();
    const { code, stdout, stderr } = await setUp([], { env: env as Record<string, string>, into });
    expect(lastLine(stderr)).toMatch(message);
    expect([code, stdout, readdirSync(into), besides()]).toEqual([1, '', [], []]);
  });

  it('takes no option of TensorFlow', async () => {
    const { code, stderr } = await setUp(['--cpu']);
    expect(stderr).toMatch(/--cpu is for TensorFlow; it does not go with --cuda/);
    expect(code).toBe(2);
  });

  it('keeps what is loaded, puts the provider beside ONNX Runtime, and says that there is no driver', async () => {
    const { code, stdout, stderr, asked } = await downloads();
    expect(lastLine(stderr)).toMatch(/no NVIDIA driver was found .* on this machine: .*--device cuda/);
    expect([code, stdout]).toEqual([0, `${folder}\n`]);
    expect(asked[1]).toMatch(
      / nvidia-cublas~=13\.0 nvidia-cuda-nvrtc~=13\.0 nvidia-cuda-runtime~=13\.1 nvidia-cudnn-cu13~=9\.2 nvidia-curand~=10\.0$/,
    );
    expect(asked).toHaveLength(2);
    expect(readdirSync(cache)).toEqual(['cuda']);
    expect(readdirSync(folder).sort()).toEqual([...NVIDIA, PROVIDER, BRIDGE, 'setup.json'].sort());
    expect(besides()).toEqual([PROVIDER, BRIDGE]);
    expect(readlinkSync(join(beside, BRIDGE))).toBe(join(folder, BRIDGE));
    // Parts of a library are opened by it; the provider comes after what it needs.
    const named = ['libcublas.so.13', 'libcudnn.so.9', PROVIDER].map((name) => join(folder, name));
    expect(readFileSync(join(beside, PROVIDER)).equals(libraryOfLibraries(named))).toBe(true);
  });

  it('does nothing the second time', async () => {
    const { code, stderr, asked } = await downloads();
    expect(stderr).toMatch(/^nothing to do: .*cuda is whole and in its place .*\nno NVIDIA driver was found .*\n$/);
    expect([code, asked]).toEqual([0, []]);
  });

  it('puts the provider back after npm ci, without a download', async () => {
    for (const name of besides()) rmSync(join(beside, name));
    const { code, stderr, asked } = await downloads();
    expect(stderr).toMatch(/^put the CUDA provider of .*cuda into .*x64\nno NVIDIA driver/);
    expect([code, asked, besides()]).toEqual([0, [], [PROVIDER, BRIDGE]]);
  });

  it('leaves what another installation put there when it takes its place, and follows no link', async () => {
    const theirs = join(temporaryFolder(), 'theirs.so');
    writeFileSync(theirs, 'theirs');
    for (const name of besides()) rmSync(join(beside, name));
    symlinkSync(theirs, join(beside, PROVIDER));
    const { code } = await downloads();
    expect([code, readFileSync(theirs, 'utf8'), besides()]).toEqual([0, 'theirs', [PROVIDER, BRIDGE]]);
  });

  it.each([
    ['a file is gone', () => rmSync(join(folder, NVIDIA[0]))],
    ['it is for another version', () => writeFileSync(join(folder, 'setup.json'), '{"onnxruntime":"1.2.3","libraries":["libcudnn.so.9"]}')],
  ])('downloads again where %s', async (_case, change) => {
    change();
    const { code, asked } = await downloads();
    expect([code, asked.length, existsSync(join(folder, NVIDIA[0]))]).toEqual([0, 2, true]);
  });

  it("leaves NVIDIA's libraries to the system", async () => {
    const { code, asked } = await downloads(['--system-cuda']);
    expect([code, asked.length]).toEqual([0, 1]);
    expect(readdirSync(folder).sort()).toEqual([PROVIDER, BRIDGE, 'setup.json'].sort());
    expect(readFileSync(join(beside, PROVIDER)).equals(libraryOfLibraries([join(folder, PROVIDER)]))).toBe(true);
  });

  it('fails in one line, with what the loader says, where the libraries do not suit the machine', async () => {
    const { path } = standInPython({ bridge: 'no library' });
    const { code, stdout, stderr } = await setUp(['--force'], { env: { PATH: path } });
    expect(lastLine(stderr)).toMatch(
      /the CUDA provider in .* is installed but does not work: .*(invalid ELF header|file too short); --force/,
    );
    expect([code, stdout]).toEqual([1, '']);
  });
});
