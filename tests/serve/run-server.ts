/** The built `glz serve` as a process on a free port of loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { glzEnvironment } from '../run-glz.ts';
import { ROOT } from '../tiny-checkpoint.ts';

/** A server that runs. */
export interface ServerProcess {
  url: string;
  child: ChildProcess;
  /** Lines of the log so far. */
  log: Record<string, unknown>[];
  /** Ends it as an operator does; its exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a server. @throws Error with what it said where it does not become ready */
export function runServer(args: readonly string[] = [], env: Record<string, string | undefined> = {}): Promise<ServerProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'bin/glz.js'), 'serve', '--port', '0', '--workers', '1', '--threads', '1', ...args], {
      env: glzEnvironment(env),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const log: ServerProcess['log'] = [];
    let said = '';
    let rest = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    const ended = new Promise<number | null>((done) => child.on('close', (code) => done(code)));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines.filter((each) => each.startsWith('{'))) {
        const entry = JSON.parse(line) as Record<string, unknown>;
        log.push(entry);
        if (entry.message !== 'ready') continue;
        clearTimeout(timer);
        resolve({
          ...{ url: String(entry.url), child, log },
          end(signal = 'SIGTERM') {
            child.kill(signal);
            const last = setTimeout(() => child.kill('SIGKILL'), 20_000);
            return ended.finally(() => clearTimeout(last));
          },
        });
      }
    });
    void ended.then((code) => {
      // Of a server that never became ready it would keep the worker of these tests for a minute.
      clearTimeout(timer);
      reject(new Error(`the server ended with ${code}: ${said}`));
    });
  });
}

/** Sends a body and reads the answer. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
): Promise<{ status: number; headers: Response['headers']; body: any }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : text };
}
