/** Completion as it is typed: in real shells, on a real terminal (`script` gives one), with the TAB key. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { bashCompletion } from '../../src/cli/completion/bash.ts';
import { completedCommand } from '../../src/cli/completion/completed-commands.ts';
import { fishCompletion } from '../../src/cli/completion/fish.ts';
import { zshCompletion } from '../../src/cli/completion/zsh.ts';
import { addFlags } from '../../src/cli/flags.ts';
import { callGlz } from '../call-glz.ts';
import { temporaryFolder } from '../tiny-checkpoint.ts';

/** How a shell is started, what it is told first, and its glz, which prints its words. */
const SHELLS = {
  bash: [
    'bash --norc --noprofile -i',
    (script: string) => `PS1='> '; bind 'set enable-bracketed-paste off'; source ${script}; glz() { printf '<%s>' "$@"; echo; }`,
  ],
  zsh: [
    'zsh -f -i',
    (script: string) =>
      `PS1='> '; unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D; source ${script}; glz() { printf '<%s>' "$@"; echo }`,
  ],
  fish: [
    'fish --no-config -i',
    (script: string) => `source ${script}; function glz; printf '<%s>' $argv; echo; end; function fish_prompt; echo '> '; end`,
  ],
} as const;

const isThere = (shell: string) =>
  process.platform === 'linux' && spawnSync(shell, ['-c', 'exit 0']).status === 0 && spawnSync('script', ['--version']).status === 0;

/** Words that glz gets for each typed line. */
async function typed(shell: keyof typeof SHELLS, script: string, folder: string, lines: readonly string[]): Promise<string[][]> {
  const [command, setUp] = SHELLS[shell];
  const child = spawn('script', ['-q', '/dev/null', '-ec', `stty cols 200; ${command}`], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, TERM: 'xterm', LANG: 'C.UTF-8' },
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const until = async (pattern: RegExp): Promise<void> => {
    const began = Date.now();
    while (!pattern.test(said)) {
      if (Date.now() - began > 20_000) throw new Error(`${shell} does not say ${pattern}: ${JSON.stringify(said)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  try {
    child.stdin.write(`${setUp(script)}\n`);
    child.stdin.write("glz rea'dy'\n");
    await until(/<ready>/);
    const words: string[][] = [];
    for (const line of lines) {
      said = '';
      // Key by key: what is pasted is not completed.
      for (const part of line.split(/(?<=\t)/)) {
        child.stdin.write(part);
        await new Promise((resolve) => setTimeout(resolve, part.endsWith('\t') ? 400 : 50));
      }
      child.stdin.write('\n');
      await until(/(<[^>\n]*>)+\s*\r?\n/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told
      const printed = said.replace(/\u001b\[[0-9;?]*[a-zA-Z]/g, '').match(/(?:<[^>\n]*>)+/g)!;
      words.push(
        [...printed[printed.length - 1].matchAll(/<([^>]*)>/g)].flatMap(([, word]) => word.replace(/\/$/, '').split(/(?<=^--[a-z-]+)=/)),
      );
    }
    return words;
  } finally {
    child.kill('SIGKILL');
  }
}

describe.each(Object.keys(SHELLS) as (keyof typeof SHELLS)[])('glz completion %s', (shell) => {
  it('completes commands, flags, choices, presets, files and folders', async () => {
    const { code, stdout, stderr } = await callGlz(['completion', shell]);
    expect([code, stderr]).toEqual([0, '']);
    if (!isThere(shell)) return; // no such shell here
    const folder = temporaryFolder();
    const script = join(folder, 'completion');
    writeFileSync(script, stdout);
    writeFileSync(join(folder, 'my file.jsonl'), '');
    writeFileSync(join(folder, 'rung.txt'), '');
    mkdirSync(join(folder, 'runs'));
    const lines: [string, string[]][] = [
      ['glz exp\t--prec\tin\t', ['export', '--precision', 'int8']],
      ['glz predict my\t', ['predict', 'my file.jsonl']],
      ['glz export --checkpoint ru\t', ['export', '--checkpoint', 'runs']],
      ['glz train --config few\t', ['train', '--config', 'few-shot']],
      ['glz train --device tens\t', ['train', '--device', 'tensorflow']],
      ['glz predict --text rung\t', ['predict', '--text', 'rung']],
      ['glz completion fi\t', ['completion', 'fish']],
      ['glz predict -o my\t', ['predict', '-o', 'my file.jsonl']],
    ];
    expect(
      await typed(
        shell,
        script,
        folder,
        lines.map(([line]) => line),
      ),
    ).toEqual(lines.map(([, words]) => words));
  });
});

it('refuses a shell that is none of them', async () => {
  const { code, stderr } = await callGlz(['completion', 'tcsh']);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/Allowed choices are bash, zsh, fish/)]);
});

it('quotes what descriptions hold', () => {
  const command = addFlags(new Command('odd'), {
    way: { type: 'choice', choices: ['a', 'b'], description: `it's [here]: $(touch x) \`y\` \\ "z"` },
  });
  const commands = [completedCommand(command, "it's: odd", [])];
  for (const [shell, write] of [
    ['bash', bashCompletion],
    ['zsh', zshCompletion],
    ['fish', fishCompletion],
  ] as const) {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'script'), write(commands, ['--help']));
    if (!isThere(shell)) continue;
    const { status, stderr } = spawnSync(shell, ['-n', 'script'], { cwd: folder, encoding: 'utf8' });
    expect([shell, status, stderr]).toEqual([shell, 0, '']);
  }
});
