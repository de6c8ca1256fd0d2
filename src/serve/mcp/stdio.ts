/** MCP over stdin and stdout: one client, until it goes away. */
import { PassThrough } from 'node:stream';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { DataError } from '../../base/errors.ts';
import { withFit } from '../../classify/tuning/label-fit.ts';
import { createMcpServer, type ToolSettings } from './tools.ts';

/** A running server. */
export interface StdioServer {
  /** Resolves once the client closed stdin and all that it asked is answered. */
  readonly ended: Promise<void>;
  /** Ends it at once. */
  close(): Promise<void>;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What is told of an error of the transport. Of a line that is JSON and no message it has all that its schemas expected. */
const toldOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && Array.isArray((error as { issues?: unknown }).issues)
    ? new DataError('stdin: a line that is no message of MCP (JSON-RPC 2.0) is passed over')
    : error;

/** Serves tools on stdin and stdout; nothing else may be written to stdout. */
export function serveTools(settings: Omit<ToolSettings, 'onRunning' | 'fitting'>): StdioServer {
  let running = 0;
  let onIdle = (): void => {};
  const onRunning = (calls: number): void => {
    running = calls;
    if (calls === 0) onIdle();
  };
  const fitting = withFit(settings.classifier);
  // Where its own stdin ends, the transport drops what is being answered.
  const input = process.stdin.pipe(new PassThrough(), { end: false });
  const transport = new StdioServerTransport(input, process.stdout);
  const handle = serveStdio(() => createMcpServer({ ...settings, fitting, onRunning }), {
    transport,
    onerror: (error) => settings.onDefect(toldOf(error)),
  });
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', async () => {
      // What came with the last bytes is on its way to the tools, then answers are on theirs to stdout.
      await turn();
      while (running > 0)
        await new Promise<void>((done) => {
          onIdle = done;
        });
      await turn();
      resolve();
    });
  });
  return { ended, close: () => handle.close() };
}
