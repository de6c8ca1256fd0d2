// ONNX Runtime checks `instanceof` against the outer realm's typed arrays, which jest's vm context replaces: give them back.
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
  async setup() {
    await super.setup();
    for (const name of OUTER) this.global[name] = globalThis[name];
  }
};
