/** Runs the built glz command as a process. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, temporaryFolder } from './tiny-checkpoint.ts';

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
  env?: Record<string, string>;
  cwd?: string;
  /** Called with everything that stderr has said so far, and the process's kill. */
  onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  timeout?: number;
}

const cache = temporaryFolder();

/** Runs `glz ...args` and waits for its end; killed after `timeout` ms. */
export function runGlz(args: readonly string[], { input, env = {}, cwd, onStderr, timeout = 60_000 }: GlzRun = {}): Promise<GlzResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'bin/glz.js'), ...args], {
      cwd,
      env: { ...process.env, GLZ_CACHE: cache, NO_COLOR: '1', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
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
      resolve({ code, signal, stdout, stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}
