/** jest's globalSetup: one temporary folder of the run, in which every test and command makes its own (node-environment.cjs). */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function beginRun() {
  process.env.GLZ_TEST_RUN = mkdtempSync(join(tmpdir(), 'glz-tests-'));
}
