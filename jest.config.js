import { availableParallelism } from 'node:os';

// ESM TypeScript through swc (tests/transform.cjs); tests run in an environment that keeps Node's own typed arrays (tests/node-environment.cjs).
export default {
  testEnvironment: '<rootDir>/tests/node-environment.cjs',
  globalSetup: '<rootDir>/tests/begin-run.mjs',
  globalTeardown: '<rootDir>/tests/end-run.mjs',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/tests/transform.cjs' },
  // As tests/transform.cjs does for modules of this project: tfjs gets the globals of its loops as variables.
  sandboxInjectedGlobals: [
    'Array',
    'Error',
    'Float32Array',
    'Int32Array',
    'Map',
    'Math',
    'Number',
    'Object',
    'Set',
    'Symbol',
    'Uint8Array',
  ],
  // Much of the time goes into waiting for commands and servers.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testTimeout: 120_000,
  // To free its memory takes a worker longer than jest's half second where the machine is busy; what a test leaves open takes longer still.
  workerGracefulExitTimeout: 10_000,
};
