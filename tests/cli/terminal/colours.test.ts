/** Colours as a terminal gets them (`script` gives one), and as pipes do not. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, temporaryFolder, writeTinyCheckpoint } from '../../tiny-checkpoint.ts';

const ESC = '\u001b';
const glz = `${process.execPath} ${join(ROOT, 'bin/glz.js')}`;
let command = '';
let checkpoint = '';
const cache = temporaryFolder();

beforeAll(async () => {
  checkpoint = await writeTinyCheckpoint();
  command = `${glz} predict --text hello --threads 1 --labels one,two --checkpoint ${checkpoint}; ${glz} predict --nothing`;
});

const environment = (env: Record<string, string>) => ({ PATH: process.env.PATH, TERM: 'xterm', GLZ_CACHE: cache, ...env });

/** What a terminal of 100 columns shows. */
const onTerminal = (env: Record<string, string>, run = command): string =>
  execFileSync('script', ['-q', '/dev/null', '-ec', `stty cols 100; ${run}; true`], {
    env: environment(env),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

it('are on a terminal: the best label, the prefix of an error; not with NO_COLOR, nor in a pipe unless FORCE_COLOR asks for them', () => {
  const shown = onTerminal({});
  expect(shown).toMatch(new RegExp(`${ESC}\\[1m(one|two)  0\\.\\d{3}${ESC}\\[22m\r\n(one|two)  0\\.\\d{3}\r\n`));
  expect(shown).toContain(`${ESC}[31mglz:${ESC}[39m unknown option '--nothing'`);
  const plain = onTerminal({ NO_COLOR: '1' });
  expect(plain).not.toContain(ESC);
  expect(plain).toMatch(/(one|two) {2}0\.\d{3}\r\n/);
  const piped = (run: string, env: Record<string, string> = {}) =>
    spawnSync('sh', ['-c', run], { env: environment(env), encoding: 'utf8' });
  const { stdout, stderr } = piped(command);
  expect(stdout + stderr).not.toContain(ESC);
  expect(JSON.parse(stdout)).toMatchObject({ text: 'hello' });
  expect(piped(`${glz} predict --nothing`, { FORCE_COLOR: '1' }).stderr).toContain(`${ESC}[31mglz:${ESC}[39m unknown`);
});

it('JSON of texts that a terminal would obey is shown escaped there, with the same values; pipes get it as it was written', () => {
  const record = JSON.stringify({ text: 'red \u009b31m text', note: '\u0085\u202e' });
  const predict = `printf '%s\\n' '${record}' | ${process.execPath} ${join(ROOT, 'bin/glz.js')} predict - --quiet --threads 1 --labels one,two --checkpoint ${checkpoint}`;
  const shown = onTerminal({}, predict);
  expect(shown).toContain('{"text":"red \\u009b31m text","note":"\\u0085\\u202e"');
  expect(JSON.parse(shown)).toMatchObject(JSON.parse(record));
  const { stdout } = spawnSync('sh', ['-c', predict], { env: environment({}), encoding: 'utf8' });
  expect(stdout.startsWith(record.slice(0, -1))).toBe(true);
});

it('glz serve says beside its log which address to open, and ends with Ctrl-C', async () => {
  const serve = `exec ${process.execPath} ${join(ROOT, 'bin/glz.js')} serve --port 0 --threads 1 --checkpoint ${checkpoint}`;
  const child = spawn('script', ['-q', '/dev/null', '-ec', serve], { env: environment({}), stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (/Ctrl-C ends\r\n/.test(text)) child.stdin.write('\u0003');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(shown).toMatch(/"message":"ready","url":"(http:\/\/127\.0\.0\.1:\d+)","precision":"fp32"\}\r\nopen \1, Ctrl-C ends\r\n/);
  expect(shown).toContain('"message":"ended"');
  expect(code).toBe(0);
});
