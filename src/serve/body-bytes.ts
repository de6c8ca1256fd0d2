/** Bytes of request bodies: read within a bound, and what nobody reads of them taken in until the client has read its answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestError, TimedOutError } from './failures.ts';

/** Bytes and milliseconds for which a body is taken in once its request is answered. */
const MOST_DRAINED = 1e9;
const LONGEST_DRAIN = 10_000;

/** The body of a request as text. @throws RequestError 413 where it is larger; what is left of it then flows on unread. TimedOutError where the client goes away */
export function readBody(incoming: IncomingMessage, maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (): void => {
      incoming.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
    };
    const refuse = (): void => {
      stop();
      reject(new RequestError(413, `the body is larger than ${maxBytes} bytes`));
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) refuse();
      else chunks.push(chunk);
    };
    const onEnd = (): void => {
      stop();
      resolve(new TextDecoder().decode(Buffer.concat(chunks)));
    };
    const onGone = (): void => {
      stop();
      reject(new TimedOutError());
    };
    if (Number(incoming.headers['content-length']) > maxBytes) refuse();
    else incoming.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

/**
 * Takes in what is left of a body once its request is answered, up to a bound, and then closes the connection. Many clients send all of a body
 * before they look for an answer: to those that are cut off while they send, "the body is too large" looks like a network that fails.
 */
export function drainUnread(incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.once('finish', () => {
    if (incoming.complete || incoming.destroyed) return;
    let drained = 0;
    const close = (): void => incoming.socket.destroySoon();
    const timer = setTimeout(close, LONGEST_DRAIN).unref();
    incoming.on('data', (chunk: Buffer) => {
      drained += chunk.length;
      if (drained > MOST_DRAINED) close();
    });
    incoming.once('close', () => clearTimeout(timer)).once('end', () => clearTimeout(timer));
    incoming.on('error', () => {}); // the client is gone
    incoming.resume();
  });
}
