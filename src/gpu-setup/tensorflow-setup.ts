/**
 * Installs TensorFlow for tfjs in a folder of its own: the binding's package from npm without its install script (which fetches a library
 * of 2021), a current TensorFlow from pip or from an installed Python package, and the binding compiled against it. Everything is made
 * beside its place and renamed once it has been checked, so that a run that was stopped leaves nothing that loads.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version_core } from '@tensorflow/tfjs-core';
import { DataError, UsageError } from '../base/errors.ts';
import { makeFolder } from '../base/make-folder.ts';
import { SETUP_GPU_FLAGS } from '../options/setup-gpu.ts';
import { BINDING_PACKAGES, installedBindings, readSetup, SETUP_RECORD, type SetupRecord } from '../runtime/tensorflow.ts';
import { reasonIn, runCheck, runProgram, stopPrograms } from './child-programs.ts';
import { extraRequirements, fetchPackages, findPython, requirePip } from './python-packages.ts';
import { abandonStaged, makeStaged, removeStagedFolders, requireSpace } from './staged-folder.ts';
import type { CheckResult } from './tensorflow-check.ts';

/** Oldest TensorFlow whose C interface the binding was tested with. */
const OLDEST_TENSORFLOW = [2, 15];

/** Files of the binding's package that differ between processors, which the compiler makes. */
const BINDING_FILE = 'lib/napi-v8/tfjs_binding.node';

/** Free space that a download needs, in bytes: TensorFlow, its packed form and, for a GPU, NVIDIA's libraries. */
const NEEDED_SPACE = { cpu: 2.5e9, gpu: 10e9 };

/** How TensorFlow is set up. */
export interface SetupRequest {
  /** Where it goes. */
  folder: string;
  /** Builds against a TensorFlow for the CPU only. */
  cpu: boolean;
  /** Version to download. */
  version: string;
  /** Python that has TensorFlow or pip; `python3` or `python` unless given. */
  python?: string;
  /** Downloads TensorFlow although Python has one. */
  download: boolean;
  /** Leaves NVIDIA's libraries out: the system's are used. */
  systemCuda: boolean;
  /** Builds again although a build is there. */
  force: boolean;
  /** Called with each thing that was done. */
  note: (line: string) => void;
  /** Shows the programs' own output on stderr (downloads take long). */
  show: boolean;
}

/** What a setup came to. */
export interface SetupResult {
  /** Whether operations run on a GPU here. */
  gpu: boolean;
  /** Entry file of the binding. */
  path: string;
}

/** Tries a binding in a process of its own. */
async function checkBinding(path: string): Promise<CheckResult> {
  const script = fileURLToPath(new URL(`./tensorflow-check${extname(import.meta.url)}`, import.meta.url));
  const check = await runCheck<CheckResult>(script, [path]);
  return 'failure' in check ? { error: check.failure, gpu: false } : check.result;
}

/** A TensorFlow to link with. */
interface TensorFlowLibrary {
  /** Folder with libtensorflow_cc.so.2, libtensorflow_framework.so.2 and include/. */
  folder: string;
  version: string;
  gpu: boolean;
}

/** Looks into a `tensorflow` folder of site-packages. @returns undefined where it is not one to link with */
function libraryIn(folder: string): TensorFlowLibrary | undefined {
  const needed = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'include/tensorflow/c/c_api.h'];
  if (!needed.every((file) => existsSync(join(folder, file)))) return undefined;
  const site = dirname(folder);
  const information = readdirSync(site)
    .map((name) => /^tensorflow(_cpu|_intel)?-(.+)\.dist-info$/.exec(name))
    .find((match) => match !== null);
  const build = join(folder, 'python/platform/build_info.py');
  const gpu = existsSync(build) && /is_cuda_build['"], True/.test(readFileSync(build, 'utf8'));
  return { folder, version: information?.[2] ?? 'of unknown version', gpu };
}

const isNewEnough = (version: string): boolean => {
  const [major, minor] = version.split('.').map(Number);
  return major > OLDEST_TENSORFLOW[0] || (major === OLDEST_TENSORFLOW[0] && minor >= OLDEST_TENSORFLOW[1]);
};

/** The TensorFlow that Python has, if it can be linked with. */
async function installedTensorFlow(python: string, { cpu, note }: SetupRequest): Promise<TensorFlowLibrary | undefined> {
  const find = 'import importlib.util as u; s = u.find_spec("tensorflow"); print(list(s.submodule_search_locations)[0] if s else "")';
  const { code, output } = await runProgram(python, ['-c', find]);
  const folder = code === 0 ? output.trim().split('\n').at(-1)! : '';
  if (!folder) return undefined;
  const library = libraryIn(folder);
  const complaint = !library
    ? 'has no library to link with'
    : !isNewEnough(library.version)
      ? `is version ${library.version}, older than ${OLDEST_TENSORFLOW.join('.')}`
      : !cpu && !library.gpu
        ? 'is a build for the CPU'
        : undefined;
  if (complaint === undefined) return library;
  note(`TensorFlow of ${python} in ${folder} ${complaint}; another one is downloaded`);
  return undefined;
}

async function downloadTensorFlow(python: string, stage: string, request: SetupRequest): Promise<TensorFlowLibrary> {
  const { cpu, version, systemCuda, note, show } = request;
  const name = `${cpu ? 'tensorflow-cpu' : 'tensorflow'}==${version}`;
  const site = join(stage, 'python');
  note(`downloading ${name} with pip (${cpu ? 'about 0.3 GB' : `about 0.6 GB${systemCuda ? '' : ", then NVIDIA's libraries"}`})`);
  // The library does not depend on Python: any version's wheel has it, whatever Python is installed.
  await fetchPackages(python, site, { packages: [name], what: name, anyPython: true, show });
  const cuda = cpu || systemCuda ? [] : extraRequirements(site, 'tensorflow', 'and-cuda');
  if (cuda.length) {
    note(`downloading NVIDIA's libraries with pip: ${cuda.map((each) => each.split(/[<>=]/)[0]).join(', ')}`);
    await fetchPackages(python, site, { packages: cuda, what: "NVIDIA's libraries", show });
  }
  const library = libraryIn(join(site, 'tensorflow'));
  if (!library)
    throw new DataError(`the wheel of ${name} has no library to link with; try --tensorflow ${SETUP_GPU_FLAGS.tensorflow.default}`);
  return library;
}

/** Removes what only Python needs of a downloaded TensorFlow, and the headers: a third of its size. */
function prune(library: TensorFlowLibrary): void {
  for (const entry of readdirSync(library.folder))
    if (!/^lib.*\.so/.test(entry)) rmSync(join(library.folder, entry), { recursive: true, force: true });
}

/** Finds what is missing before anything is downloaded. */
async function checkTools(python: string, needsPip: boolean): Promise<void> {
  if (needsPip) await requirePip(python);
  if ((await runProgram(compiler(), ['--version'])).code !== 0)
    throw new DataError(`${compiler()} does not run: install a C++ compiler (Debian and Ubuntu: apt install g++), or name one in CXX`);
}

const compiler = (): string => process.env.CXX || 'g++';

async function compile(stage: string, packageName: string, library: TensorFlowLibrary): Promise<void> {
  const root = join(stage, 'node_modules', packageName);
  const output = join(root, BINDING_FILE);
  makeFolder(dirname(output));
  const sources = readdirSync(join(root, 'binding')).filter((name) => /^tfjs_b.*\.cc$/.test(name));
  // Relative where the library is in the same folder, which is renamed afterwards.
  const inside = library.folder.startsWith(stage);
  const place = inside ? `$ORIGIN/${relative(dirname(output), library.folder)}` : library.folder;
  const { code, output: said } = await runProgram(compiler(), [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8'],
    ...[`-I${join(stage, 'node_modules/node-api-headers/include')}`, `-I${join(library.folder, 'include')}`],
    ...sources.map((name) => join(root, 'binding', name)),
    ...['-o', output, ...['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'].map((name) => join(library.folder, name))],
    `-Wl,-rpath,${place}`,
  ]);
  if (code !== 0) throw new DataError(`${compiler()} cannot build the binding against TensorFlow ${library.version}: ${reasonIn(said)}`);
}

async function installPackages(stage: string, packageName: string, show: boolean): Promise<void> {
  writeFileSync(join(stage, 'package.json'), '{ "private": true }\n');
  const packages = [`${packageName}@${version_core}`, 'node-api-headers@1'];
  const { code, output } = await runProgram(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', ...packages],
    {
      cwd: stage,
      show,
    },
  );
  if (code === null) throw new DataError('npm does not run: it comes with Node; put it on the path');
  if (code !== 0) throw new DataError(`npm cannot install ${packages.join(' and ')}: ${reasonIn(output)}; is there a network?`);
}

/** A binding that works already, if there is one of the wished kind. */
async function workingBinding({ folder, cpu, note }: SetupRequest): Promise<SetupResult | undefined> {
  const setup = readSetup(folder);
  for (const path of installedBindings(folder)) {
    const { error, gpu } = await checkBinding(path);
    const own = setup && path.startsWith(resolve(folder));
    if (error) note(`${path} does not work: ${error}`);
    else if (own && !cpu && !setup.gpu) note(`${path} works, but is a build for the CPU (TensorFlow ${setup.tensorflow})`);
    else if (!own && !cpu && !gpu) note(`${path} works, but sees no GPU`);
    else return { gpu, path };
  }
  return undefined;
}

/** Stops the programs that run, and removes what is half made. */
export function abandonSetup(folder: string): void {
  stopPrograms();
  abandonStaged(folder);
}

/**
 * Sets TensorFlow up, unless a binding works already.
 * @throws DataError in one line for what is missing (Python, pip, compiler, network, space) and what to do
 */
export async function setUpTensorFlow(request: SetupRequest): Promise<SetupResult> {
  const { cpu, note, show } = request;
  const folder = resolve(request.folder);
  if (process.platform !== 'linux')
    throw new UsageError('TensorFlow is set up on Linux only (on Windows: in WSL2); elsewhere glz trains with --device cpu');
  removeStagedFolders(folder);
  if (!request.force) {
    const working = await workingBinding(request);
    if (working) {
      note(`nothing to do: ${working.path} loads, multiplies and takes gradients right (--force builds again)`);
      return working;
    }
  }
  const python = await findPython(request.python);
  const installed = request.download ? undefined : await installedTensorFlow(python, request);
  await checkTools(python, !installed);
  if (!installed) requireSpace(folder, cpu ? NEEDED_SPACE.cpu : NEEDED_SPACE.gpu);
  const packageName = BINDING_PACKAGES[cpu ? 1 : 0];
  return makeStaged(folder, async (stage, finish) => {
    note(`installing ${packageName} ${version_core} from npm, without its install script`);
    await installPackages(stage, packageName, show);
    const library = installed ?? (await downloadTensorFlow(python, stage, request));
    note(
      `${installed ? 'taking' : 'got'} TensorFlow ${library.version}${library.gpu ? ' for GPUs' : ' for the CPU'}${installed ? ` of ${library.folder}` : ''}`,
    );
    note('compiling the binding');
    await compile(stage, packageName, library);
    if (!installed) prune(library);
    const check = await checkBinding(join(stage, 'node_modules', packageName, 'dist/index.js'));
    if (check.error) throw new DataError(`the binding was built but does not work: ${check.error}`);
    const record: SetupRecord = {
      package: packageName,
      tensorflow: library.version,
      library: installed ? library.folder : relative(stage, library.folder),
      gpu: library.gpu,
    };
    writeFileSync(join(stage, SETUP_RECORD), `${JSON.stringify(record, null, 2)}\n`);
    finish();
    note(`checked: a matrix product and a gradient are right on ${check.gpu ? 'the GPU' : 'the CPU'}`);
    return { gpu: check.gpu, path: join(folder, 'node_modules', packageName, 'dist/index.js') };
  });
}
