/**
 * Runs glz commands one after the other in one child process, for tests of what a command does: a process of its own (run-glz.ts) spends
 * most of its time on starting, and is for tests of the process itself (signals, kills, pipes, terminals, Node's options).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type GlzResult, type GlzRun, glzEnvironment } from './run-glz.ts';
import { ROOT } from './tiny-checkpoint.ts';

/** Milliseconds that a command may take. */
const MOST_TIME = 60_000;

/** By the folder of the installation that they run. */
const children = new Map<string, ChildProcess>();
let last: Promise<unknown> = Promise.resolve();

// Waits for their end: with much memory it takes a moment, in which jest would say that its worker did not exit.
afterAll(async () => {
  const running = [...children.values()].filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  const ended = running.map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGKILL');
  children.clear();
  await Promise.all(ended);
});

/** What a call can be given of a run. */
type GlzCall = Pick<GlzRun, 'input' | 'env' | 'cwd' | 'root'>;

async function call(args: readonly string[], { input = '', env = {}, cwd, root = ROOT }: GlzCall): Promise<GlzResult> {
  const running = children.get(root) ?? fork(join(ROOT, 'tests/glz-child.mjs'), [root], { execArgv: [], serialization: 'advanced' });
  children.set(root, running);
  // A command that hangs would keep those after it.
  const timer = setTimeout(() => running.kill('SIGKILL'), MOST_TIME);
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null) => {
      clearTimeout(timer);
      children.delete(root);
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
export function callGlz(args: readonly string[], run: GlzCall = {}): Promise<GlzResult> {
  const result = last.then(() => call(args, run));
  last = result.catch(() => {});
  return result;
}
