/** `glz serve`: options, messages and signals; the work is in src/serve. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { Filled } from '../options/declaration.ts';
import { SERVE_FLAGS } from '../options/serve.ts';
import { startServer } from '../serve/server.ts';
import { addFlags } from './flags.ts';
import { sayIfLoadingIsSlow } from './terminal/slow-start.ts';
import { noteLine } from './terminal/terminal.ts';

const EXAMPLES = `
Examples:
  On this machine, at http://127.0.0.1:8077 (a page, in a browser):
    $ glz serve
    $ curl http://127.0.0.1:8077/classify -H 'content-type: application/json' -d '{"texts": ["Where is my parcel?"], "labels": ["delivery", "billing"]}'
  For others, with a key:
    $ GLZ_SERVE_KEY=... glz serve --host 0.0.0.0

Routes: GET / (the page), POST /classify, POST /decide, POST /v1/systemone, POST /v1/decisions, GET /v1/models, /thresholds, /health, /ready, /metrics, /openapi.json.
Log: a line of JSON a request on stderr, without texts. Ends on SIGTERM and SIGINT once what is under way is answered.`;

/** Lines of the log that are yet to be written. */
let lines = '';
const writeLines = (): void => {
  if (lines !== '') process.stderr.write(lines);
  lines = '';
};

/** A line of the log. Those of one turn are written together: to write each takes as long as to answer a request. */
const log = (entry: Readonly<Record<string, string | number>>): void => {
  if (lines === '') setImmediate(writeLines);
  lines += `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`;
};

async function run(flags: Filled<typeof SERVE_FLAGS>): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  process.once('exit', writeLines);
  const key = process.env.GLZ_SERVE_KEY || undefined;
  const server = await sayIfLoadingIsSlow(startServer({ ...flags, version, log, ...(key === undefined ? {} : { key }) }), {});
  const signals = ['SIGTERM', 'SIGINT'] as const;
  let onSignal: NodeJS.SignalsListener = () => {};
  const asked = new Promise<void>((resolve) => {
    onSignal = () => resolve();
    for (const signal of signals) process.once(signal, onSignal);
  });
  // Only now: who reads it may end the server at once.
  log({ level: 'info', message: 'ready', url: server.url, precision: server.precision });
  if (process.stderr.isTTY) {
    writeLines();
    noteLine(`open ${server.url}, Ctrl-C ends`);
  }
  try {
    await Promise.race([asked, server.failed]);
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
    await server.end();
  }
}

/** The command's definition. */
export function command(): Command {
  const serve = new Command('serve').description(
    'Answer over HTTP: labels and typed questions, in two formats that existing clients speak.',
  );
  return addFlags(serve, SERVE_FLAGS).addHelpText('after', EXAMPLES).action(run);
}
