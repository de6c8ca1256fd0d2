/** jest's globalTeardown: nothing of the run's folder stays. */
import { rmSync } from 'node:fs';

export default function endRun() {
  rmSync(process.env.GLZ_TEST_RUN, { recursive: true, force: true, maxRetries: 3 });
}
