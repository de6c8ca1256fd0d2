/** What this machine and this installation can compute on, as far as files say: nothing is tried out. */
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { hasCudaProvider, installedRuntime } from './cuda-provider.ts';
import { cacheFolder } from './graph-cache.ts';
import { loadRuntime } from './load-runtime.ts';

/** Something that is there, or how to get it. */
export interface Availability {
  name: string;
  there: boolean;
  note: string;
}

/** What runs graphs here. */
export interface RuntimeFacts {
  processor: string;
  /** Logical processors that this process may use. */
  processors: number;
  /** Bytes. */
  memory: number;
  onnxruntime: string;
  providers: Availability[];
}

/** A folder with the sizes of its files. */
export interface FolderSize {
  folder: string;
  files: number;
  bytes: number;
}

const PROVIDER_NOTES: Readonly<Record<string, string>> = {
  cpu: 'always there',
  webgpu: 'comes with it; needs a GPU and its driver',
  coreml: 'comes with it',
  dml: 'comes with it',
};

/** Describes the machine and ONNX Runtime. @throws DataError where ONNX Runtime does not load */
export async function describeRuntime(): Promise<RuntimeFacts> {
  const runtime = await loadRuntime();
  const named = runtime.listSupportedBackends().filter(({ name, bundled }) => bundled || name === 'cuda');
  return {
    processor: cpus()[0]?.model.trim() ?? process.arch,
    processors: availableParallelism(),
    memory: totalmem(),
    onnxruntime: installedRuntime().version,
    providers: named.map(({ name }) => {
      if (name !== 'cuda') return { name, there: true, note: PROVIDER_NOTES[name] ?? 'comes with it' };
      const there = hasCudaProvider();
      return { name, there, note: there ? 'installed' : 'not installed: glz setup-gpu --cuda' };
    }),
  };
}

/** Files under a folder and their bytes; links are not followed. */
function folderSize(folder: string): FolderSize {
  const size = { folder, files: 0, bytes: 0 };
  const add = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) add(join(path, entry.name));
      else {
        size.files++;
        size.bytes += lstatSync(join(path, entry.name), { throwIfNoEntry: false })?.size ?? 0;
      }
    }
  };
  if (existsSync(folder)) add(folder);
  return size;
}

/** The cache; undefined for a user who has none. */
export function cacheSize(): FolderSize | undefined {
  const folder = cacheFolder();
  return folder === undefined ? undefined : folderSize(folder);
}
