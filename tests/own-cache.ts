/** A cache folder for each test of a file. */
import { temporaryFolder } from './tiny-checkpoint.ts';

/** Gives each test of the file that calls it an empty cache folder, and puts the environment back behind the last. -> the folder of the test that runs */
export function ownCache(): () => string {
  const env = { ...process.env };
  let cache = '';
  beforeEach(() => {
    cache = temporaryFolder();
    process.env.GLZ_CACHE = cache;
  });
  afterAll(() => {
    process.env = env;
  });
  return () => cache;
}
