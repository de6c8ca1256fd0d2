/**
 * Loads ONNX Runtime's binding, which nothing else imports: its builds for Linux and macOS report to their maker (a host that they look up,
 * and a number of this machine that they keep in the user's cache folder) unless the environment says otherwise before they are loaded.
 */
import { isMainThread } from 'node:worker_threads';
import { DataError, errorMessage } from '../base/errors.ts';

type Runtime = typeof import('onnxruntime-node');

/** The variable that ONNX Runtime 1.30 reads, when it is loaded. */
const NO_TELEMETRY = 'ORT_DISABLE_TELEMETRY';

// Whatever it was: nobody who runs glz asked for reports. Where glz is imported, for the threads that are started later.
if (isMainThread) process.env[NO_TELEMETRY] = '1';

/** Loads ONNX Runtime. @throws DataError where it does not suit the machine, or could not be kept from reporting */
export async function loadRuntime(): Promise<Runtime> {
  // A thread has a copy of the environment, and changes to it do not reach native code.
  if (!isMainThread && process.env[NO_TELEMETRY] !== '1')
    throw new DataError(
      `ONNX Runtime would report to its maker from this thread: import gliznet in the main thread before it starts others, or set ${NO_TELEMETRY}=1 for the process`,
    );
  try {
    const runtime = (await import('onnxruntime-node')) as unknown as { default?: Runtime } & Runtime;
    return runtime.default ?? runtime;
  } catch (error) {
    throw new DataError(`onnxruntime-node does not load on this machine: ${errorMessage(error)}`);
  }
}
