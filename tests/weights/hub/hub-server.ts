/** A Hugging Face hub on the loopback interface: the two routes that a download uses, with faults on demand. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubRequest {
  path: string;
  range?: string;
  authorization?: string;
}

export interface FakeHub {
  url: string;
  /** What was asked, in order. */
  requests: HubRequest[];
  /** Answers in the place of the hub where it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse, path: string) => boolean;
  close(): Promise<void>;
}

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

const gitChecksum = (content: Buffer) => createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
export const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** What the hub says of a repository: `*.safetensors` and `*.bin` as large files. */
export function listing(files: ReadonlyMap<string, Buffer>): unknown {
  return {
    sha: COMMIT,
    siblings: [...files].map(([rfilename, content]) => ({
      rfilename,
      size: content.length,
      blobId: gitChecksum(content),
      ...(/\.(safetensors|bin)$/.test(rfilename) ? { lfs: { sha256: sha256(content), size: content.length, pointerSize: 134 } } : {}),
    })),
  };
}

export function sendFile(request: IncomingMessage, response: ServerResponse, content: Buffer): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start >= content.length && start > 0) response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
  else if (start > 0)
    response
      .writeHead(206, {
        'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
        'content-length': content.length - start,
      })
      .end(content.subarray(start));
  else response.writeHead(200, { 'content-length': content.length }).end(content);
}

/** Starts a server on a free port. `repositories` are by id. */
export async function startHub(repositories: Record<string, ReadonlyMap<string, Buffer>>): Promise<FakeHub> {
  const hub: FakeHub = { url: '', requests: [], intercept: () => false, close: async () => {} };
  const server: Server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://hub').pathname);
    hub.requests.push({ path, range: request.headers.range, authorization: request.headers.authorization });
    if (hub.intercept(request, response, path)) return;
    const [, id] = /^\/api\/models\/(.+)\/revision\/(?:main|v1\.0|0123456789abcdef0123456789abcdef01234567)$/.exec(path) ?? [];
    if (id && repositories[id]) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(listing(repositories[id])));
      return;
    }
    const [, owner, file] = new RegExp(`^/(.+)/resolve/${COMMIT}/(.+)$`).exec(path) ?? [];
    const content = owner && repositories[owner]?.get(file);
    if (content) sendFile(request, response, content);
    else if (/^\/api\/models\/[^?]*\/revision\//.test(path) && repositories[path.split('/').slice(3, 5).join('/')])
      response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end('{}');
    else response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hub.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  hub.close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return hub;
}
