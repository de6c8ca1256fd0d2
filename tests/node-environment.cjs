/**
 * Where the test files of a worker run. ONNX Runtime checks `instanceof` against the outer realm's typed arrays, which jest's vm context
 * replaces: they are given back. Temporary files and the cache of graphs and results lie in a folder of the run and the worker: what is
 * cached is made once, workers do not see each other's, and nothing is read from or left in the user's.
 */
const { mkdirSync } = require('node:fs');
const { join } = require('node:path');
// ONNX Runtime reports to its maker unless told not to; what a test sets in its own process.env does not reach native code.
process.env.ORT_DISABLE_TELEMETRY = '1';

const { TestEnvironment } = require('jest-environment-node');

const OUTER = [
  'Float32Array',
  'Float64Array',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'BigInt64Array',
  'BigUint64Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Uint16Array',
  'Uint32Array',
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
];

module.exports = class extends TestEnvironment {
  constructor(...args) {
    const folder = join(process.env.GLZ_TEST_RUN, `worker-${process.env.JEST_WORKER_ID}`);
    mkdirSync(folder, { recursive: true });
    // Before the test's own process.env is copied from it.
    Object.assign(process.env, { TMPDIR: folder, GLZ_CACHE: join(folder, 'cache') });
    super(...args);
  }

  async setup() {
    await super.setup();
    for (const name of OUTER) this.global[name] = globalThis[name];
  }
};
