/** The bar on a real terminal: `script` gives one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

it('is drawn in one line that is narrower than the terminal, and leaves the cursor as it was', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'in.jsonl'), Array.from({ length: 2000 }, (_, i) => JSON.stringify({ text: `text ${i}` })).join('\n'));
  const glz = `${process.execPath} ${join(ROOT, 'bin/glz.js')} predict in.jsonl --labels a,b --output out.jsonl --checkpoint ${await writeTinyCheckpoint()}`;
  const printed = execFileSync('script', ['-q', '/dev/null', '-ec', `stty cols 50; ${glz}`], {
    cwd: folder,
    env: { ...process.env, GLZ_CACHE: temporaryFolder() },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ESC = '\u001b';
  expect(printed.split(`${ESC}[?25l`)).toHaveLength(2);
  expect(printed.lastIndexOf(`${ESC}[?25h`)).toBeGreaterThan(printed.lastIndexOf(`${ESC}[?25l`));
  const [drawn, last] = printed.slice(printed.indexOf(`${ESC}[?25l`)).split(`${ESC}[?25h`);
  const bars = drawn
    .split(`${ESC}[1G`)
    .map((bar) => bar.replaceAll(new RegExp(`${ESC}\\[[?0-9]*[a-zA-Z]`, 'g'), ''))
    .filter((bar) => bar !== '');
  expect(bars.length).toBeGreaterThan(1);
  for (const bar of bars) expect(bar.length).toBeLessThan(50);
  expect(bars[bars.length - 1]).toMatch(/^\[=*-*\] predict: \d+/);
  expect(last).toMatch(/predict: 2000\/2000 \(100%\) texts \| [\d.]+ texts\/s.* \| took \d+s\r\n$/);
});

describe('what is said of a slow start', () => {
  const said = (options: string, took: number, command = (script: string) => ['script', '-q', '/dev/null', '-ec', script]): string => {
    const module = JSON.stringify(pathToFileURL(join(ROOT, 'dist/cli/terminal/slow-start.js')).href);
    const file = join(temporaryFolder(), 'slow.mjs');
    const work = `new Promise((resolve) => setTimeout(resolve, ${took}, 'done'))`;
    writeFileSync(file, `import { sayIfSlow } from ${module};\nconsole.log(await sayIfSlow('loading', ${work}, ${options}));\n`);
    const [program, ...words] = command(`${process.execPath} ${file}`);
    const { stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return `${stdout}${stderr}`.replaceAll('\r', '');
  };

  it('is a line on a terminal, and nothing where it is quick, quiet, or no terminal', () => {
    expect(said('{ moment: 1 }', 500)).toBe('loading\ndone\n');
    expect(said('{ moment: 100_000 }', 1)).toBe('done\n');
    expect(said('{ moment: 1, quiet: true }', 500)).toBe('done\n');
    expect(said('{ moment: 1 }', 500, (script) => ['sh', '-c', script])).toBe('done\n');
  });
});
