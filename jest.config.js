// ESM TypeScript through swc; tests run in an environment that keeps Node's own typed arrays (tests/node-environment.cjs).
export default {
  testEnvironment: '<rootDir>/tests/node-environment.cjs',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } }],
  },
  testTimeout: 60_000,
};
