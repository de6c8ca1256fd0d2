/** What bin/glz.js says before it runs what was compiled: in a package without it, and in a checkout where it is missing or old. */
import { cpSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runGlz } from '../run-glz.ts';
import { ROOT, temporaryFolder } from '../tiny-checkpoint.ts';

it('says in one line what is missing or old, and nothing of an installed package', async () => {
  const root = temporaryFolder();
  for (const file of ['bin/glz.js', 'package.json']) cpSync(join(ROOT, file), join(root, file));
  const run = () => runGlz([], { root });
  const ended = (code: number, stdout: string, stderr: string) => ({ code, signal: null, stdout, stderr });
  expect(await run()).toEqual(
    ended(1, '', 'glz: this package was packed without its compiled code: npm run pack in the checkout makes a whole one\n'),
  );
  writeFileSync(join(root, 'tsconfig.build.json'), '{}');
  expect(await run()).toEqual(ended(1, '', 'glz: this checkout cannot be compiled yet: npm ci, then npm run build\n'));
  const main = join(root, 'dist/cli/main.js');
  const source = join(root, 'src/text/words.ts');
  for (const file of [main, source]) mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(source, '');
  writeFileSync(main, `export const main = () => console.log('ran');`);
  utimesSync(source, 1000, 1000);
  expect(await run()).toEqual(ended(0, 'ran\n', ''));
  utimesSync(main, 900, 900);
  expect(await run()).toEqual(ended(0, 'ran\n', 'glz: dist is older than src: npm run build\n'));
});
