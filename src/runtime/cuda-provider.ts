/**
 * ONNX Runtime's CUDA provider, which the package onnxruntime-node looks for beside its own library and does not bring: where it goes, what
 * `glz setup-gpu --cuda` installed, and whether it is in its place.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { DataError } from '../base/errors.ts';
import { temporaryName, writeFileAtomically } from '../base/files.ts';
import { stateFileOrNone } from '../base/state-file.ts';
import { requiredCacheFolder } from './graph-cache.ts';
import { libraryOfLibraries } from './library-of-libraries.ts';
import { SETUP_RECORD } from './tensorflow.ts';

/** The provider's file, as ONNX Runtime asks for it. */
export const PROVIDER = process.platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so';

/** The library through which ONNX Runtime and its providers speak. */
export const PROVIDER_BRIDGE = 'libonnxruntime_providers_shared.so';

const cudaRecordSchema = z.object({
  /** Version of onnxruntime-node that the provider is for. */
  onnxruntime: z.string(),
  /** NVIDIA's libraries in the folder; none where the system's are used. */
  libraries: z.array(z.string().regex(/^[^/\\]+$/)),
});

/** What `glz setup-gpu --cuda` installed. */
export type CudaRecord = z.infer<typeof cudaRecordSchema>;

/** The package onnxruntime-node that is installed. */
export interface InstalledRuntime {
  version: string;
  /** Folder of its library for this platform, where it looks for providers. */
  folder: string;
}

/** Folder that `glz setup-gpu --cuda` fills. */
export const cudaFolder = (): string => join(requiredCacheFolder(), 'cuda');

/** Finds onnxruntime-node. @throws DataError where it is not installed whole */
export function installedRuntime(): InstalledRuntime {
  const description = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const { version } = JSON.parse(readFileSync(description, 'utf8')) as { version: string };
  const binaries = join(dirname(description), 'bin');
  const interfaces = existsSync(binaries) ? readdirSync(binaries) : [];
  const folder = interfaces.map((name) => join(binaries, name, process.platform, process.arch)).find((path) => existsSync(path));
  if (!folder) throw new DataError(`${dirname(description)} has no library for ${process.platform} ${process.arch}: run npm ci again`);
  return { version, folder };
}

/** Whether the provider is where ONNX Runtime looks for it: asked before, because ONNX Runtime itself complains on stderr. */
export const hasCudaProvider = (): boolean => existsSync(join(installedRuntime().folder, PROVIDER));

/** What a folder of `glz setup-gpu --cuda` holds; undefined where it is not whole. */
export function readCudaRecord(folder: string): CudaRecord | undefined {
  const record = stateFileOrNone(join(folder, SETUP_RECORD), cudaRecordSchema);
  return record && [PROVIDER, PROVIDER_BRIDGE, ...record.libraries].every((name) => existsSync(join(folder, name))) ? record : undefined;
}

/** Writes the record; the last file of a setup. */
export const writeCudaRecord = (folder: string, record: CudaRecord): void =>
  writeFileAtomically(join(folder, SETUP_RECORD), `${JSON.stringify(record, null, 2)}\n`);

/**
 * What stands for the provider beside ONNX Runtime: a library that has NVIDIA's libraries of the folder loaded before the provider. A link
 * to the provider would not do, because it names them without a path of its own (no RUNPATH). Parts that another library opens by itself
 * are found beside that one.
 */
function providerEntry(folder: string, { libraries }: CudaRecord): Uint8Array {
  const opened = libraries.filter((name) => !/^lib(cudnn_|nvrtc-builtins)/.test(name));
  return libraryOfLibraries([...opened, PROVIDER].map((name) => join(folder, name)));
}

/** Whether the provider of a folder is in its place. */
export function isLinked(folder: string, record: CudaRecord, runtime: InstalledRuntime): boolean {
  const [entry, bridge] = [PROVIDER, PROVIDER_BRIDGE].map((name) => join(runtime.folder, name));
  return (
    existsSync(entry) &&
    lstatSync(bridge, { throwIfNoEntry: false })?.isSymbolicLink() === true &&
    readlinkSync(bridge) === join(folder, PROVIDER_BRIDGE) &&
    readFileSync(entry).equals(providerEntry(folder, record))
  );
}

/** Puts the provider of a folder in its place, for whatever was there. */
export function linkProvider(folder: string, record: CudaRecord, runtime: InstalledRuntime): void {
  const bridge = join(runtime.folder, PROVIDER_BRIDGE);
  const temporary = temporaryName(bridge);
  symlinkSync(join(folder, PROVIDER_BRIDGE), temporary);
  renameSync(temporary, bridge);
  // The provider last: what asks for it finds the bridge. Renamed, not written through: a link that is there is replaced, not followed.
  writeFileAtomically(join(runtime.folder, PROVIDER), providerEntry(folder, record));
}
