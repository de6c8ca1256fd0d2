/**
 * Installs ONNX Runtime's CUDA provider: the library of the Python package onnxruntime-gpu of the same version as onnxruntime-node, and
 * NVIDIA's libraries that it needs, in a folder of their own; then puts the provider where onnxruntime-node looks for it. The folder is
 * made beside its place and renamed; what is put beside ONNX Runtime can be made again from it.
 */
import { accessSync, constants, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataError, UsageError } from '../base/errors.ts';
import {
  type CudaRecord,
  hasCudaProvider,
  type InstalledRuntime,
  installedRuntime,
  isLinked,
  linkProvider,
  PROVIDER,
  PROVIDER_BRIDGE,
  readCudaRecord,
  writeCudaRecord,
} from '../runtime/cuda-provider.ts';
import { runCheck, stopPrograms } from './child-programs.ts';
import type { CudaCheckResult } from './cuda-check.ts';
import { extraRequirements, fetchPackages, findPython, requirePip } from './python-packages.ts';
import { abandonStaged, makeStaged, removeStagedFolders, requireSpace } from './staged-folder.ts';

/** Free space that a download needs, in bytes: packed and unpacked, with NVIDIA's libraries or without. */
const NEEDED_SPACE = { all: 6e9, provider: 1.5e9 };

/**
 * Packages of NVIDIA's libraries that the provider opens, and their versions where onnxruntime-gpu names none (cuBLAS is never named).
 * It names cuFFT as well, whose 0.3 GB only Fourier transforms open.
 */
const NVIDIA_PACKAGES = {
  'nvidia-cublas': '~=13.0',
  'nvidia-cuda-nvrtc': '~=13.0',
  'nvidia-cuda-runtime': '~=13.0',
  'nvidia-cudnn-cu13': '~=9.0',
  'nvidia-curand': '~=10.0',
};

/** Files of those packages that are kept. */
const NVIDIA_FILES = /^lib(cublas|cublasLt|cudart|cudnn\w*|curand|nvrtc|nvrtc-builtins)\.so\.[\d.]+$/;

/** How the provider is set up. */
export interface CudaSetupRequest {
  /** Where it goes. */
  folder: string;
  /** Python that has pip; `python3` or `python` unless given. */
  python?: string;
  /** Leaves NVIDIA's libraries out: the system's are used. */
  systemCuda: boolean;
  /** Downloads again although the folder is whole. */
  force: boolean;
  /** Called with each thing that was done. */
  note: (line: string) => void;
  /** Shows pip's own output on stderr (downloads take long). */
  show: boolean;
}

/** What a setup came to. */
export interface CudaSetupResult {
  /** What this machine lacks for running on it, in a few words; absent where it runs. */
  missing?: string;
  /** Folder with the libraries. */
  path: string;
}

type Check = { error: string } | { missing?: string };

/** Tries the provider in a process of its own. */
async function checkCuda(): Promise<Check> {
  const script = fileURLToPath(new URL(`./cuda-check${extname(import.meta.url)}`, import.meta.url));
  const check = await runCheck<CudaCheckResult>(script, []);
  if ('failure' in check) return { error: check.failure };
  const { error } = check.result;
  if (error === undefined) return {};
  const reason =
    /Failed to load library .* with error: (.*)/.exec(check.output)?.[1].trim() ??
    /CUDA failure \d+: .*?(?= ;|$)/.exec(error)?.[0] ??
    error;
  // The loader names the first library that it does not find: the driver's is looked for after the others, which it has found then.
  if (/^libcuda\.so/.test(reason)) return { missing: 'no NVIDIA driver was found (libcuda.so.1)' };
  if (/no CUDA-capable device/.test(reason)) return { missing: 'the NVIDIA driver finds no GPU' };
  if (/driver version is insufficient/.test(reason)) return { missing: 'the NVIDIA driver is too old for this version of CUDA' };
  return { error: reason.slice(0, 300) };
}

/** Sets of requirements by package: those of the unpacked onnxruntime-gpu, where it has them. */
function nvidiaRequirements(site: string): string[] {
  const asked = ['cuda', 'cudnn'].flatMap((extra) => extraRequirements(site, 'onnxruntime_gpu', extra));
  return Object.entries(NVIDIA_PACKAGES).map(
    ([name, version]) => asked.find((requirement) => requirement.split(/[^\w.-]/)[0] === name) ?? `${name}${version}`,
  );
}

/** All files under a folder. */
const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());

/** Downloads into a folder and leaves there only what is loaded. */
async function download(python: string, stage: string, version: string, { systemCuda, note, show }: CudaSetupRequest): Promise<CudaRecord> {
  const site = join(stage, 'python');
  const name = `onnxruntime-gpu==${version}`;
  note(`downloading ${name} with pip (about 0.25 GB${systemCuda ? '' : ", then NVIDIA's libraries, 1.1 GB"})`);
  // The provider does not depend on Python: any version's wheel has it, whatever Python is installed.
  await fetchPackages(python, site, { packages: [name], what: name, anyPython: true, show });
  if (!systemCuda) {
    const packages = nvidiaRequirements(site);
    note(`downloading NVIDIA's libraries with pip: ${packages.join(', ')}`);
    await fetchPackages(python, site, { packages, what: "NVIDIA's libraries", show });
  }
  const libraries: string[] = [];
  const found = new Set<string>();
  for (const path of filesUnder(site)) {
    const file = basename(path);
    const own = file === PROVIDER || file === PROVIDER_BRIDGE;
    if (!own && !(NVIDIA_FILES.test(file) && !systemCuda)) continue;
    renameSync(path, join(stage, file));
    found.add(file);
    if (!own) libraries.push(file);
  }
  rmSync(site, { recursive: true, force: true });
  for (const file of [PROVIDER, PROVIDER_BRIDGE]) if (!found.has(file)) throw new DataError(`the wheel of ${name} has no ${file}`);
  return { onnxruntime: version, libraries: libraries.sort() };
}

/** @throws DataError where nothing can be put beside ONNX Runtime */
function requireWritable({ folder }: InstalledRuntime): void {
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new DataError(
      `cannot write ${folder}, where onnxruntime-node looks for its CUDA provider: run this as the user who installed glz, or install glz in a folder of your own`,
    );
  }
}

/** What the folder holds, if it is what is asked for. */
function usableRecord(folder: string, { version }: InstalledRuntime, { systemCuda, note }: CudaSetupRequest): CudaRecord | undefined {
  const record = readCudaRecord(folder);
  if (!record) return undefined;
  if (record.onnxruntime !== version) note(`${folder} is for onnxruntime-node ${record.onnxruntime}, ${version} is installed`);
  else if (systemCuda !== (record.libraries.length === 0))
    note(`${folder} was set up ${systemCuda ? "with NVIDIA's libraries" : "without NVIDIA's libraries"}`);
  else return record;
  return undefined;
}

/** Stops the programs that run, and removes what is half made. */
export function abandonCudaSetup(folder: string): void {
  stopPrograms();
  abandonStaged(folder);
}

/**
 * Sets ONNX Runtime's CUDA provider up, unless it is there.
 * @throws DataError in one line for what is missing (permission, Python, pip, network, space) and what to do
 */
export async function setUpCuda(request: CudaSetupRequest): Promise<CudaSetupResult> {
  const { systemCuda, note } = request;
  const path = resolve(request.folder);
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new UsageError(
      `ONNX Runtime's CUDA provider is set up on Linux x64 only, this is ${process.platform} ${process.arch}; glz trains with --device cpu here`,
    );
  const runtime = installedRuntime();
  removeStagedFolders(path);
  let record = request.force ? undefined : usableRecord(path, runtime, request);
  let done = 'nothing to do: ';
  if (!record && !request.force && hasCudaProvider()) {
    // Somebody else put it there.
    const check = await checkCuda();
    if (!('error' in check) && !check.missing) {
      note(`nothing to do: the CUDA provider in ${runtime.folder} loads and multiplies right (--force installs another one)`);
      return { path: runtime.folder };
    }
  }
  if (!record) {
    done = '';
    requireWritable(runtime);
    const python = await findPython(request.python);
    await requirePip(python);
    requireSpace(path, systemCuda ? NEEDED_SPACE.provider : NEEDED_SPACE.all);
    record = await makeStaged(path, async (stage, finish) => {
      const made = await download(python, stage, runtime.version, request);
      writeCudaRecord(stage, made);
      finish();
      return made;
    });
  }
  if (!isLinked(path, record, runtime)) {
    done = '';
    requireWritable(runtime);
    linkProvider(path, record, runtime);
    note(`put the CUDA provider of ${path} into ${runtime.folder}`);
  }
  const check = await checkCuda();
  if ('error' in check) {
    const advice = systemCuda
      ? "with --system-cuda the system's CUDA 13 and cuDNN 9 have to be where the loader finds them (LD_LIBRARY_PATH); without it they are downloaded"
      : '--force downloads it again';
    throw new DataError(`the CUDA provider in ${path} is installed but does not work: ${check.error}; ${advice}`);
  }
  if (!check.missing) note(`${done || 'checked: '}a matrix product and its sums are right on the GPU`);
  else if (done) note(`${done}${path} is whole and in its place (--force downloads again)`);
  return { missing: check.missing, path };
}
