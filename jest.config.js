// ESM TypeScript through swc; tests run in an environment that keeps Node's own typed arrays (tests/node-environment.cjs).
export default {
  testEnvironment: '<rootDir>/tests/node-environment.cjs',
  globalSetup: '<rootDir>/tests/begin-run.mjs',
  globalTeardown: '<rootDir>/tests/end-run.mjs',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } }],
  },
  // A look-up of a global goes through jest's proxy, 40 times as slow as elsewhere: tfjs gets those of its loops as variables.
  sandboxInjectedGlobals: ['Math', 'Object', 'Array', 'Map', 'Set', 'Number', 'Error', 'Float32Array', 'Int32Array', 'Uint8Array'],
  testTimeout: 60_000,
};
