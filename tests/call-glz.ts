/**
 * Runs glz commands one after the other in one child process, for tests of what a command does: a process of its own (run-glz.ts) spends
 * most of its time on starting, and is for tests of the process itself (signals, kills, pipes, terminals, Node's options).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { type GlzResult, type GlzRun, glzEnvironment } from './run-glz.ts';
import { ROOT } from './tiny-checkpoint.ts';

/** Milliseconds that a command may take. */
const MOST_TIME = 60_000;

let child: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

afterAll(() => {
  child?.kill('SIGKILL');
  child = undefined;
});

async function call(args: readonly string[], { input = '', env = {}, cwd }: Pick<GlzRun, 'input' | 'env' | 'cwd'>): Promise<GlzResult> {
  child ??= fork(join(ROOT, 'tests/glz-child.mjs'), { execArgv: [], serialization: 'advanced' });
  const running = child;
  // A command that hangs would keep those after it.
  const timer = setTimeout(() => running.kill('SIGKILL'), MOST_TIME);
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null) => {
      clearTimeout(timer);
      child = undefined;
      reject(new Error(`glz ${args.join(' ')} ended the process: ${signal ?? code}`));
    };
    running.once('exit', onExit);
    running.once('message', (result) => {
      clearTimeout(timer);
      running.off('exit', onExit);
      resolve(result as GlzResult);
    });
    running.send({ args: [...args], input, env: glzEnvironment(env), cwd });
  });
}

/** Runs `glz ...args` and waits for its end, after the calls before it. @throws Error where the command ends its process or takes too long */
export function callGlz(args: readonly string[], run: Pick<GlzRun, 'input' | 'env' | 'cwd'> = {}): Promise<GlzResult> {
  const result = last.then(() => call(args, run));
  last = result.catch(() => {});
  return result;
}
