/**
 * The child of call-glz.ts: runs one command of the glz in the folder that it is given after the other in one process. What a command sees of its process (streams,
 * environment, folder) is its own.
 */
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const { runCommand } = await import(pathToFileURL(join(process.argv[2], 'dist/cli/main.js')));

const home = process.cwd();

/** A stream that keeps what it is given, in place of one of the process's. */
function capture(name) {
  const pieces = [];
  const stream = new Writable({
    write(chunk, _, done) {
      pieces.push(chunk);
      done();
    },
  });
  Object.defineProperty(process, name, { value: stream, configurable: true });
  return () => Buffer.concat(pieces).toString();
}

async function run({ args, input, env, cwd }) {
  for (const name of Object.keys(process.env)) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
  process.chdir(cwd ?? home);
  Object.defineProperty(process, 'stdin', { value: Readable.from([Buffer.from(input)], { objectMode: false }), configurable: true });
  const [stdout, stderr] = [capture('stdout'), capture('stderr')];
  const code = await runCommand(args);
  return { code, signal: null, stdout: stdout(), stderr: stderr() };
}

process.on('message', async (call) => process.send(await run(call)));
