/** Programs that a setup runs (pip, npm, a compiler, a check): started, read to their end, stopped together. */
import { type ChildProcess, spawn } from 'node:child_process';

const running = new Set<ChildProcess>();

/** What a program came to. */
export interface ProgramResult {
  /** Its exit code; null where it does not exist or was killed. */
  code: number | null;
  /** What it printed, on both streams. */
  output: string;
}

/** Runs a program to its end; `show` shows its output on stderr while it runs. */
export function runProgram(
  command: string,
  args: readonly string[],
  { cwd, show = false }: { cwd?: string; show?: boolean } = {},
): Promise<ProgramResult> {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, stdio: show ? ['ignore', 2, 'pipe'] : ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (show) process.stderr.write(text);
      });
    child.on('error', (error) => done({ code: null, output: error.message }));
    child.on('close', (code) => {
      running.delete(child);
      done({ code, output });
    });
  });
}

/** Runs a script of glz in a process of its own. @returns the JSON line that it printed, or else how it ended */
export async function runCheck<T>(script: string, args: readonly string[]): Promise<{ result: T; output: string } | { failure: string }> {
  const { code, output } = await runProgram(process.execPath, [script, ...args]);
  const line = output.split('\n').find((each) => each.startsWith('{'));
  if (line) return { result: JSON.parse(line) as T, output };
  return { failure: `the process that loaded it ended with ${code === null ? 'a signal' : `code ${code}`}: ${reasonIn(output)}` };
}

/** The line of a program's output that says best what went wrong. */
export function reasonIn(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return (lines.find((line) => /error|fatal/i.test(line)) ?? lines.at(-1) ?? 'no output').slice(0, 300);
}

/** Kills all programs that run. */
export function stopPrograms(): void {
  for (const child of running) child.kill('SIGKILL');
}
