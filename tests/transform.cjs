/**
 * TypeScript through swc, with the globals that loops use as variables of each module: in jest's context a look-up of a global goes through
 * a proxy and takes 40 times as long as elsewhere. (`sandboxInjectedGlobals` of jest.config.js does so for CommonJS modules.)
 */
const { createTransformer } = require('@swc/jest');

const swc = createTransformer({ jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } });
const GLOBALS = ['Array', 'BigInt', 'Error', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Set', 'String'];
const withVariables = (result) => ({ ...result, code: `const { ${GLOBALS.join(', ')} } = globalThis; ${result.code}` });

module.exports = {
  ...swc,
  process: (...request) => withVariables(swc.process(...request)),
  processAsync: async (...request) => withVariables(await swc.processAsync(...request)),
};
