/**
 * TensorFlow as a backend of tfjs: finds the binding (@tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node), loads it, says whether it sees
 * a GPU. Nothing imports the binding statically: it is an optional peer dependency, which `glz setup-gpu` installs.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { DataError, errorMessage } from '../base/errors.ts';
import { stateFileOrNone } from '../base/state-file.ts';
import { cacheFolder } from './graph-cache.ts';

/** Name under which the binding registers its backend. */
export const TENSORFLOW_BACKEND = 'tensorflow';

/** Packages that hold the binding, best first. */
export const BINDING_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** File in {@link tensorflowFolder} that says what `glz setup-gpu` built; written last. */
export const SETUP_RECORD = 'setup.json';

const setupRecordSchema = z.object({
  /** Package of the binding. */
  package: z.enum(BINDING_PACKAGES),
  /** Version of the TensorFlow that it is linked to. */
  tensorflow: z.string(),
  /** Folder of that TensorFlow; relative to the setup's own folder, or absolute where an installed one is used. */
  library: z.string(),
  /** Whether it is a build for GPUs. */
  gpu: z.boolean(),
});

/** What `glz setup-gpu` built. */
export type SetupRecord = z.infer<typeof setupRecordSchema>;

/** Folder that `glz setup-gpu` fills: GLZ_TENSORFLOW, or `tensorflow` in the cache folder; undefined for a user who has none. */
export function tensorflowFolder(): string | undefined {
  const cache = cacheFolder();
  return process.env.GLZ_TENSORFLOW || (cache && join(cache, 'tensorflow'));
}

/** What `glz setup-gpu` built, if it did and its record is whole. */
export const readSetup = (folder = tensorflowFolder()): SetupRecord | undefined =>
  folder === undefined ? undefined : stateFileOrNone(join(folder, SETUP_RECORD), setupRecordSchema);

/** A loaded binding. */
export interface TensorFlow {
  /** Whether operations run on a GPU. */
  gpu: boolean;
  /** File of the package's entry. */
  path: string;
}

/** Entry files of the bindings that are installed: the one of `glz setup-gpu` first, then those beside glz and beside the user's project. */
export function installedBindings(folder = tensorflowFolder()): string[] {
  const setup = readSetup(folder);
  const places: [string, readonly string[]][] = [
    ...(setup && folder ? [[join(folder, 'package.json'), [setup.package]] as [string, string[]]] : []),
    [import.meta.url, BINDING_PACKAGES],
    [join(process.cwd(), 'package.json'), BINDING_PACKAGES],
  ];
  const found = new Set<string>();
  for (const [from, packages] of places)
    for (const name of packages)
      try {
        found.add(createRequire(from).resolve(name));
      } catch {
        // not installed there
      }
  return [...found];
}

/** Loads a binding and registers its backend; the backend that was current stays so. @throws whatever the binding throws */
export function loadBinding(path: string): TensorFlow {
  const require = createRequire(path);
  // The binding of 2024 calls two functions that Node 23 took away.
  const util = require('node:util') as { isNullOrUndefined?: (v: unknown) => boolean; isArray?: (v: unknown) => boolean };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
  // TensorFlow reads these when its library is loaded: errors only, and no more of the GPU's memory than is used.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  const before = tf.getBackend();
  // A binding outside of glz's node_modules brings tfjs-core a second time. Both share one engine and one registry, so that works, but
  // every kernel that is registered twice would be told on stderr.
  const quiet = tf.env().getBool('PROD');
  tf.env().set('PROD', true);
  try {
    require(path);
  } finally {
    tf.env().set('PROD', quiet);
    if (before) tf.setBackend(before);
  }
  const backend = tf.findBackend(TENSORFLOW_BACKEND) as (tf.KernelBackend & { isUsingGpuDevice: boolean }) | null;
  if (!backend) throw new Error(`${path} registers no backend "${TENSORFLOW_BACKEND}"`);
  return { gpu: backend.isUsingGpuDevice, path };
}

let loaded: TensorFlow | undefined;

/**
 * Loads TensorFlow, once in a process.
 * @param threads of one operation; TensorFlow's choice where absent
 * @throws DataError in one line that says why no binding loads and what to do
 */
export function loadTensorFlow(threads?: number): TensorFlow {
  if (loaded) return loaded;
  const paths = installedBindings();
  if (paths.length === 0) throw new DataError('TensorFlow is not installed: `glz setup-gpu` installs it');
  if (threads) process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  let reason = '';
  for (const path of paths) {
    try {
      loaded = loadBinding(path);
      return loaded;
    } catch (error) {
      reason ||= `${path}: ${errorMessage(error).split('\n')[0].trim()}`;
    }
  }
  throw new DataError(`TensorFlow does not load (${reason}): \`glz setup-gpu\` builds it for this machine`);
}
