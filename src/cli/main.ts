/**
 * The glz executable: one subcommand a file, loaded when it is called so that `glz predict` starts fast.
 * Maps errors to exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { DataError, errorMessage, UsageError } from '../base/errors.ts';
import { leaveTerminal, outliveTerminal } from './terminal/lost-terminal.ts';
import { errorLine } from './terminal/terminal.ts';
import { usageError } from './terminal/usage-errors.ts';

/** Subcommands: name -> [one-line description, loader of the command's definition]. */
export const COMMANDS: Record<string, [string, () => Promise<{ command(): Command }>]> = {
  generate: ['make training data with a language model', () => import('./generate.ts')],
  predict: ['label JSONL, CSV, Parquet or plain text', () => import('./predict.ts')],
  merge: ['join what predict --shard wrote', () => import('./merge.ts')],
  eval: ['measure a checkpoint against NLI and other baselines', () => import('./eval.ts')],
  train: ['fine-tune an encoder or a checkpoint', () => import('./train.ts')],
  tune: ['fit thresholds and abstention to a few labelled records', () => import('./tune.ts')],
  serve: ['answer over HTTP, for existing clients of decision models', () => import('./serve.ts')],
  mcp: ['tools for language models: MCP on stdin and stdout', () => import('./mcp.ts')],
  init: ['write settings to begin with, for your labels and data', () => import('./init.ts')],
  export: ['write a checkpoint as ONNX files for other runtimes', () => import('./export.ts')],
  info: ['show versions, devices, caches, and what a checkpoint is', () => import('./info.ts')],
  completion: ['print a script that makes your shell complete all of this', () => import('./completion.ts')],
  'setup-gpu': ['install what training on a GPU needs', () => import('./setup-gpu.ts')],
};

async function parse(argv: string[]): Promise<void> {
  const version = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
  const program = new Command('glz')
    .description('Zero-shot text classification with GliZNet: one transformer pass reads a text and all its labels.')
    .version(version, '-v, --version')
    .option('--debug', 'print stack traces')
    .exitOverride()
    .configureOutput({ outputError: (message, write) => write(usageError(message, program)) })
    .showHelpAfterError('(glz --help shows the commands; glz COMMAND --help shows examples)');
  const [first, second] = argv.filter((word) => !word.startsWith('-'));
  const name = first === 'help' ? second : first;
  for (const [key, [description, load]] of Object.entries(COMMANDS)) {
    // Only the called command's options are loaded; the others are listed by name.
    if (key === name) {
      const called = (await load()).command();
      called.configureOutput({ outputError: (message, write) => write(usageError(message, called)) });
      program.addCommand(called.exitOverride().showHelpAfterError(`(glz ${key} --help shows examples)`));
    } else program.command(key).description(description);
  }
  await program.parseAsync(argv, { from: 'user' });
}

/**
 * Runs one command: `glz ...argv`, with the process's standard streams and environment. Says what went wrong on stderr.
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted
 */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const debug = argv.includes('--debug');
  process.exitCode = undefined;
  try {
    // -V is what commander calls it, and what was the short form before -v.
    await parse(argv.filter((word) => word !== '--debug').map((word, at) => (at === 0 && word === '-V' ? '-v' : word)));
    // A command that was interrupted has set it.
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError || error instanceof DataError) {
      errorLine((debug && error.stack) || error.message);
      return error instanceof UsageError ? 2 : 1;
    }
    // Wherever that is met, in the libraries' own files too.
    if (['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '')) {
      errorLine('the system allows too few open files: raise the limit (ulimit -n 1024)');
      return 1;
    }
    // A failure of the system says at which file.
    const { path } = (error ?? {}) as { path?: unknown };
    const text =
      error instanceof Error
        ? debug && error.stack !== undefined
          ? error.stack
          : `${typeof path === 'string' ? `${path}: ` : ''}${errorMessage(error)} (run again with --debug for the stack trace)`
        : String(error);
    errorLine(text);
    return 1;
  }
}

/** The executable: runs the command that the process was called with and sets its exit code. */
export async function main(): Promise<void> {
  // A reader that goes away (`| head`) is no error: what was written is whole lines.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    errorLine(`cannot write to stdout: ${errorMessage(error)}`);
    process.exit(1);
  });
  outliveTerminal();
  process.exitCode = await runCommand(process.argv.slice(2));
  leaveTerminal();
}
