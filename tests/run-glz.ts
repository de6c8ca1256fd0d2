/** Runs the built glz command as a process of its own; where the process is not what is tested, call-glz.ts is faster. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './tiny-checkpoint.ts';

/** What a run printed and how it ended. */
export interface GlzResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** How a run is made. */
export interface GlzRun {
  input?: string | Buffer;
  /** Changes to the environment; undefined takes a variable out. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Folder of another installation of glz than the one under test. */
  root?: string;
  /** Called with everything that stderr has said so far, and the process's kill. */
  onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** Asked every few milliseconds; the process gets SIGKILL once it says yes: kills by progress, the same on a slow and a fast machine. */
  killWhen?: () => boolean;
  timeout?: number;
}

/** The environment of a command: this process's, no colour, and what is given; undefined takes a variable out. */
export const glzEnvironment = (env: Record<string, string | undefined> = {}): Record<string, string | undefined> => ({
  ...process.env,
  NO_COLOR: '1',
  ...env,
});

/** Lines of a file that a run is writing, 0 while it is not there. */
export function linesOf(path: string): number {
  try {
    return readFileSync(path, 'utf8').split('\n').length - 1;
  } catch {
    return 0;
  }
}

/** Runs `glz ...args` and waits for its end; killed after `timeout` ms. */
export function runGlz(
  args: readonly string[],
  { input, env = {}, cwd, root = ROOT, onStderr, killWhen, timeout = 60_000 }: GlzRun = {},
): Promise<GlzResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'bin/glz.js'), ...args], {
      cwd,
      env: glzEnvironment(env),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    const poll = killWhen && setInterval(() => killWhen() && child.kill('SIGKILL'), 3);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onStderr?.(stderr, (signal) => child.kill(signal));
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      clearInterval(poll);
      resolve({ code, signal, stdout, stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}
