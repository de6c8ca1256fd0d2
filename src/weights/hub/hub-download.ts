/**
 * HTTP towards a Hugging Face hub: requests that follow redirects without giving the token away, tried again when the network or the
 * server fails, and downloads that go on where they stopped. Knows nothing of models or of the cache.
 * Own code: @huggingface/hub (2.17) neither resumes nor tries again, has no offline mode, and writes to the console.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { createFetch } from '../../base/http.ts';
import { withTimeLimit } from '../../base/time-limit.ts';
import { sizeOf } from './hub-cache.ts';

/** How a hub is reached. */
export interface HubAccess {
  /** `https://huggingface.co`, without a slash at the end. */
  endpoint: string;
  /** Sent to the endpoint only. */
  token?: string;
  /** Where the token is from, for messages. */
  tokenSource: string;
  signal?: AbortSignal;
  /** Milliseconds before the second attempt; each further one waits twice as long. */
  retryDelay: number;
  /** Milliseconds without a byte after which a connection is taken for dead. */
  idleTimeout: number;
  note?: (line: string) => void;
}

/** A file to fetch. What the hub says of it is checked. */
export interface RemoteFile {
  name: string;
  url: string;
  size?: number;
  /** More bytes than such a file can have. */
  largest?: number;
  /** Checksum in hexadecimal: of the bytes (large files), or as git makes it of small ones. */
  checksum?: { kind: 'sha256' | 'git'; hex: string };
}

/** A status that has to be explained by who asked. */
export class HubStatusError extends Error {
  readonly status: number;
  /** The hub's `X-Error-Code`, such as `GatedRepo`. */
  readonly code: string;
  constructor(status: number, code: string, host: string) {
    super(`${host} answered with HTTP status ${status}`);
    this.status = status;
    this.code = code;
  }
}

/** The network or the server failed, and went on failing. */
export class HubUnreachableError extends Error {}

/** A failure that may go away by itself. */
class TransientError extends Error {
  readonly wait: number;
  constructor(message: string, wait = 0) {
    super(message);
    this.wait = wait;
  }
}

const MOST_ATTEMPTS = 5;
const MOST_REDIRECTS = 10;
const LONGEST_WAIT = 60_000;
const LARGEST_ANSWER = 64 * 2 ** 20;
/** A file whose size nobody says is not read on beyond this: it may have no end. */
const LARGEST_UNSIZED = 16 * 2 ** 30;

const hubFetch = createFetch();

/** A network failure in a few words: the code of the innermost reason, or its message. */
function networkReason(error: unknown): string {
  let reason = error as { cause?: unknown; code?: unknown };
  while (typeof reason.cause === 'object' && reason.cause !== null) reason = reason.cause;
  return typeof reason.code === 'string' ? reason.code : errorMessage(reason);
}

/** The answer to a GET, redirects followed; its body has not been read. Throws TransientError or HubStatusError. */
async function request(access: HubAccess, url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  const { origin, protocol } = new URL(access.endpoint);
  let target = new URL(url);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const sent: Record<string, string> = { ...headers };
    if (access.token && target.origin === origin) sent.authorization = `Bearer ${access.token}`;
    let response: Response;
    try {
      response = await hubFetch(target.href, { headers: sent, redirect: 'manual', signal });
    } catch (error) {
      access.signal?.throwIfAborted();
      if (error instanceof UsageError || error instanceof DataError) throw error; // no proxy, or nothing that goes through it
      throw new TransientError(signal.aborted ? `${target.host} does not answer` : `cannot reach ${target.host} (${networkReason(error)})`);
    }
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || !location) {
      if (response.ok || response.status === 416) return response;
      await response.body?.cancel();
      const seconds = Number(response.headers.get('retry-after'));
      if (response.status === 408 || response.status === 429 || response.status >= 500)
        throw new TransientError(`${target.host} answered with HTTP status ${response.status}`, seconds > 0 ? 1000 * seconds : 0);
      throw new HubStatusError(response.status, response.headers.get('x-error-code') ?? '', target.host);
    }
    await response.body?.cancel();
    if (!URL.canParse(location, target.href)) throw new DataError(`${target.host} redirects to an address that is none`);
    target = new URL(location, target);
    if (target.protocol !== 'https:' && target.protocol !== protocol)
      throw new DataError(`${new URL(url).host} redirects to ${target.protocol}//${target.host}, which is not safe`);
  }
  throw new DataError(`${new URL(url).host} redirects in a circle`);
}

/** Runs `attempt` again after transient failures, waiting longer each time; the count starts anew when `progress()` has changed. */
async function withRetries<T>(access: HubAccess, progress: () => number, attempt: () => Promise<T>): Promise<T> {
  let failures = 0;
  let furthest = progress();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      access.signal?.throwIfAborted();
      if (!(error instanceof TransientError)) throw error;
      if (progress() > furthest) failures = 0;
      furthest = Math.max(furthest, progress());
      if (++failures >= MOST_ATTEMPTS) throw new HubUnreachableError(error.message);
      const wait = Math.min(LONGEST_WAIT, Math.max(error.wait, access.retryDelay * 2 ** (failures - 1)));
      access.note?.(`${error.message}; trying again in ${(wait / 1000).toFixed(1)} s`);
      await new Promise<void>((resolve, reject) => {
        const stop = () => {
          clearTimeout(timer);
          reject(access.signal?.reason);
        };
        const timer = setTimeout(() => {
          access.signal?.removeEventListener('abort', stop);
          resolve();
        }, wait);
        access.signal?.addEventListener('abort', stop, { once: true });
      });
    }
  }
}

/** Chunks of a body; failures of the network become TransientError. */
async function* chunksOf(access: HubAccess, response: Response, alive: () => void): AsyncGenerator<Uint8Array> {
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  try {
    for (;;) {
      let part: { done: boolean; value?: Uint8Array };
      try {
        part = await reader.read();
      } catch (error) {
        access.signal?.throwIfAborted();
        throw new TransientError(`the connection broke (${networkReason(error)})`);
      }
      if (part.done || !part.value) return;
      alive();
      yield part.value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/**
 * The JSON at an address.
 * @throws HubStatusError for a refusal; HubUnreachableError when it cannot be reached; DataError when it is no JSON
 */
export async function fetchJson(access: HubAccess, url: string): Promise<unknown> {
  return withRetries(
    access,
    () => 0,
    () =>
      withTimeLimit(access.signal, access.idleTimeout, async (signal, alive) => {
        const response = await request(access, url, { accept: 'application/json' }, signal);
        const chunks: Uint8Array[] = [];
        let size = 0;
        for await (const chunk of chunksOf(access, response, alive)) {
          size += chunk.length;
          if (size > LARGEST_ANSWER) throw new DataError(`${new URL(url).host} sends more than a description of a model`);
          chunks.push(chunk);
        }
        try {
          return JSON.parse(Buffer.concat(chunks).toString('utf8'));
        } catch {
          throw new DataError(`${new URL(url).host} did not answer like a Hugging Face hub (no JSON); check HF_ENDPOINT`);
        }
      }),
  );
}

async function checksumOf(path: string, kind: 'sha256' | 'git'): Promise<string> {
  const hash = createHash(kind === 'sha256' ? 'sha256' : 'sha1');
  if (kind === 'git') hash.update(`blob ${sizeOf(path)}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Fetches what `incomplete` still lacks of a file. Returns the size that it has to have. */
async function fetchRest(
  access: HubAccess,
  file: RemoteFile,
  incomplete: string,
  onBytes: (bytes: number, total: number) => void,
): Promise<number> {
  return withTimeLimit(access.signal, access.idleTimeout, async (signal, alive) => {
    const start = sizeOf(incomplete);
    if (file.size !== undefined && start === file.size) {
      // An empty file is there before a byte of it.
      await (await open(incomplete, 'a')).close();
      return start;
    }
    if (file.size !== undefined && start > file.size) {
      await rm(incomplete);
      throw new TransientError(`${file.name}: what was there is longer than the file`);
    }
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    if (start > 0) headers.range = `bytes=${start}-`;
    const response = await request(access, file.url, headers, signal);
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
    const resumed = response.status === 206 && Number(range?.[1]) === start;
    if (response.status === 416 || (response.status === 206 && !resumed)) {
      await response.body?.cancel();
      await rm(incomplete, { force: true });
      throw new TransientError(`${file.name}: the server cannot go on at byte ${start}`);
    }
    const length = response.headers.get('content-length');
    const total = file.size ?? (resumed ? Number(range?.[2]) : length === null ? undefined : Number(length));
    let bytes = resumed ? start : 0;
    const handle = await open(incomplete, resumed ? 'a' : 'w');
    try {
      onBytes(bytes, total ?? bytes);
      for await (const chunk of chunksOf(access, response, alive)) {
        bytes += chunk.length;
        if (total !== undefined && bytes > total)
          throw new DataError(`${file.name}: the server sends more than the ${total} bytes of the file`);
        if (bytes > (file.largest ?? LARGEST_UNSIZED))
          throw new DataError(
            `${file.name}: the server sends more than ${file.largest ?? LARGEST_UNSIZED} bytes, and does not say how many`,
          );
        for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
        onBytes(bytes, total ?? bytes);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (total !== undefined && bytes < total) throw new TransientError(`${file.name}: the connection ended at byte ${bytes} of ${total}`);
    return bytes;
  });
}

/**
 * Downloads a file to `incomplete`, going on with what is there, and checks its size and checksum.
 * @param onBytes bytes that are there and in all
 * @throws HubStatusError for a refusal; HubUnreachableError when it cannot be fetched; DataError when it cannot be written or is not
 *   what the hub says
 */
export async function downloadFile(
  access: HubAccess,
  file: RemoteFile,
  incomplete: string,
  onBytes: (bytes: number, total: number) => void,
): Promise<void> {
  try {
    for (let attempt = 0; ; attempt++) {
      const resumed = sizeOf(incomplete) > 0;
      await withRetries(
        access,
        () => sizeOf(incomplete),
        () => fetchRest(access, file, incomplete, onBytes),
      );
      if (!file.checksum || (await checksumOf(incomplete, file.checksum.kind)) === file.checksum.hex) return;
      await rm(incomplete);
      // A remainder of another version of the file cannot be told before the end: once more from the start.
      if (!resumed || attempt > 0)
        throw new DataError(`${file.name}: what was downloaded is not what the hub says it is (checksum); try again`);
    }
  } catch (error) {
    // Whatever the system refuses here is about the file: requests have errors of their own.
    if (typeof (error as NodeJS.ErrnoException).syscall === 'string')
      throw new DataError(`cannot write ${incomplete}: ${errorMessage(error)}`);
    throw error;
  }
}
