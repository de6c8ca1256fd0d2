/** `glz mcp`: options, messages and signals; the work is in src/serve/mcp. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Command } from 'commander';
import { errorMessage } from '../base/errors.ts';
import { requirePackages } from '../base/optional-package.ts';
import { loadClassifier } from '../classify/load-classifier.ts';
import type { Filled } from '../options/declaration.ts';
import { MCP_FLAGS } from '../options/mcp.ts';
import { addFlags } from './flags.ts';
import { onInterrupt } from './terminal/interrupts.ts';
import { errorLine, noteLine } from './terminal/terminal.ts';

const EXAMPLES = `
Examples:
  In the settings of a client, among its MCP servers:
    {"mcpServers": {"glz": {"command": "glz", "args": ["mcp"]}}}
  With a checkpoint of your own:
    $ glz mcp --checkpoint runs/features

Tools: classify (any labels for texts), decide (statements, choices, scales). Speaks MCP on stdin and stdout, notes on stderr; ends where stdin does.`;

async function run({ checkpoint, precision, threads, windows }: Filled<typeof MCP_FLAGS>): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  requirePackages(['@modelcontextprotocol/server'], 'glz mcp');
  const { serveTools } = await import('../serve/mcp/stdio.ts');
  const classifier = await loadClassifier(checkpoint, { precision, threads, note: noteLine });
  try {
    const server = serveTools({
      ...{ classifier, version, windows, model: basename(checkpoint) },
      onDefect: (error) => errorLine(errorMessage(error)),
    });
    if (process.stdin.isTTY) noteLine('glz mcp waits for a client on stdin; docs/mcp.md says how to add it to one (Ctrl-C ends it)');
    let stopListening = (): void => {};
    const interrupted = new Promise<void>((resolve) => {
      stopListening = onInterrupt(resolve);
    });
    await Promise.race([server.ended, interrupted]);
    stopListening();
    await server.close();
  } finally {
    await classifier.dispose();
  }
}

/** The command's definition. */
export function command(): Command {
  const mcp = new Command('mcp').description('Tools for language models (MCP on stdin and stdout): labels and typed questions.');
  return addFlags(mcp, MCP_FLAGS).addHelpText('after', EXAMPLES).action(run);
}
