/** What a download meets around the hub itself: other downloads of the same model, saved tokens, proxies, repositories that are odd. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../../src/base/errors.ts';
import { createFetch } from '../../../src/base/http.ts';
import { resolveModelFolder } from '../../../src/weights/hub/hub.ts';
import { withIncomplete, withLock } from '../../../src/weights/hub/hub-cache.ts';
import { type FakeHub, sha256, startHub } from './hub-server.ts';

const BERT = new URL('../../fixtures/encoders/bert/', import.meta.url).pathname;
const ID = 'org/tiny';
const NAMES = ['config.json', 'tokenizer.json', 'model.safetensors'];
const weights = readFileSync(`${BERT}model.safetensors`);

let home: string;
let hub: FakeHub;
let files: Map<string, Buffer>;
const processEnv = { ...process.env };

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'glz-hub-'));
  files = new Map(NAMES.map((name) => [name, readFileSync(BERT + name)]));
  hub = await startHub({ [ID]: files });
});
afterEach(async () => {
  process.env = { ...processEnv };
  await hub.close();
  rmSync(home, { recursive: true, force: true });
});

const resolve = (env: Record<string, string> = {}) =>
  resolveModelFolder(ID, { env: { HF_HOME: home, HF_ENDPOINT: hub.url, ...env }, retryDelay: 1 });
const blobs = () => join(home, 'hub', 'models--org--tiny', 'blobs');

describe('a lock that is stale', () => {
  it('is taken by one of all that wait for it', async () => {
    const lock = join(home, 'lock');
    for (let round = 0; round < 20; round++) {
      writeFileSync(lock, `999999999\n${hostname()}`);
      let inside = 0;
      let most = 0;
      let worked = 0;
      const work = async () => {
        most = Math.max(most, ++inside);
        await new Promise((done) => setTimeout(done, 2));
        inside--;
        worked++;
      };
      await Promise.all(Array.from({ length: 12 }, () => withLock(lock, () => false, work, undefined, 1)));
      expect([most, worked, existsSync(lock)]).toEqual([1, 12, false]);
    }
    expect(readdirSync(home)).toEqual([]);
  });

  it('is no longer removed by its owner where another has taken it', async () => {
    const lock = join(home, 'lock');
    await withLock(
      lock,
      () => false,
      async () => writeFileSync(lock, 'another'),
    );
    expect(readFileSync(lock, 'utf8')).toBe('another');
  });
});

describe('what was downloaded in part', () => {
  const blob = () => join(blobs(), sha256(weights));
  beforeEach(() => mkdirSync(blobs(), { recursive: true }));

  it('by a process that is gone goes on; what a running one has is left to it', async () => {
    const own: string[] = [];
    await withIncomplete(blob(), async (incomplete) => {
      own.push(incomplete);
      writeFileSync(incomplete, weights.subarray(0, 700));
      await withIncomplete(blob(), async (other) => {
        expect(other).not.toBe(incomplete);
        expect(existsSync(other)).toBe(false);
      });
    });
    const dead = own[0].replace(`-${process.pid}-`, '-999999999-');
    writeFileSync(dead, weights.subarray(0, 500));
    utimesSync(dead, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    const folder = await resolve();
    expect(readFileSync(join(folder, 'model.safetensors')).equals(weights)).toBe(true);
    expect(hub.requests.at(-1)?.range).toBe('bytes=500-');
    expect(existsSync(dead)).toBe(false);
  });
});

describe('a repository', () => {
  it('with an empty file is downloaded', async () => {
    files.set('special_tokens_map.json', Buffer.from('{}')).set('added_tokens.json', Buffer.alloc(0));
    expect(readFileSync(join(await resolve(), 'added_tokens.json'))).toHaveLength(0);
  });

  it('with names that are no text is downloaded without them', async () => {
    hub.intercept = (_, response, path) => {
      if (!path.startsWith('/api/')) return false;
      const siblings = [...NAMES, 'half\ud800.json', 'line\nbreak'].map((rfilename) => ({ rfilename }));
      response.end(JSON.stringify({ sha: '0123456789abcdef0123456789abcdef01234567', siblings }));
      return true;
    };
    expect(readdirSync(await resolve()).sort()).toEqual([...NAMES].sort());
  });

  it('of a hub that names no size and sends without end is refused', async () => {
    let sent = 0;
    hub.intercept = (request, response, path) => {
      if (path.startsWith('/api/')) {
        response.end(
          JSON.stringify({ sha: '0123456789abcdef0123456789abcdef01234567', siblings: NAMES.map((rfilename) => ({ rfilename })) }),
        );
        return true;
      }
      if (!path.endsWith('config.json')) return false;
      const chunk = Buffer.alloc(1 << 22);
      const send = () => {
        while (!request.destroyed && sent < 2 ** 30) {
          sent += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', send);
            return;
          }
        }
      };
      send();
      return true;
    };
    await expect(resolve()).rejects.toThrow('config.json: the server sends more than 268435456 bytes, and does not say how many');
    expect(sent).toBeLessThan(2 ** 29);
  });
});

describe('a token', () => {
  const SAVED = 'hf_saved';
  const sent = () => new Set(hub.requests.map(({ authorization }) => authorization));

  it('that hf auth login saved is used, and one in the environment before it', async () => {
    writeFileSync(join(home, 'token'), `${SAVED}\n`);
    await resolve();
    expect(sent()).toEqual(new Set([`Bearer ${SAVED}`]));
    hub.requests.length = 0;
    rmSync(join(home, 'hub'), { recursive: true });
    await resolve({ HF_TOKEN: 'hf_given' });
    expect(sent()).toEqual(new Set(['Bearer hf_given']));
  });

  it('is where HF_TOKEN_PATH says, and is not used where that is forbidden', async () => {
    const path = join(home, 'elsewhere');
    writeFileSync(path, SAVED);
    await resolve({ HF_TOKEN_PATH: path, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' });
    expect(sent()).toEqual(new Set([undefined]));
    hub.requests.length = 0;
    rmSync(join(home, 'hub'), { recursive: true });
    await resolve({ HF_TOKEN_PATH: path });
    expect(sent()).toEqual(new Set([`Bearer ${SAVED}`]));
  });

  it('that was refused is named by its place, and not printed', async () => {
    writeFileSync(join(home, 'token'), SAVED);
    hub.intercept = (_, response) => {
      response.writeHead(401).end();
      return true;
    };
    await expect(resolve()).rejects.toThrow(`the token in ${join(home, 'token')} gives no access to "org/tiny"`);
    writeFileSync(join(home, 'token'), 'two words');
    await expect(resolve()).rejects.toThrow(new UsageError(`${join(home, 'token')} holds characters that no token has; set it again`));
  });
});

describe('a proxy', () => {
  /** A proxy that leads every host to the hub. */
  async function startProxy() {
    const asked: string[] = [];
    const server = createServer().on('connect', (request, socket) => {
      asked.push(request.url!);
      const through = connect(Number(new URL(hub.url).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        through.pipe(socket).pipe(through);
      });
      through.on('error', () => socket.destroy());
      socket.on('error', () => through.destroy());
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const { port } = server.address() as AddressInfo;
    return { asked, address: `127.0.0.1:${port}`, close: () => server.close() };
  }

  const text = async (address: string) => {
    const response = await createFetch()(address);
    return response.text();
  };

  it.each(['HTTP_PROXY', 'http_proxy'])('of %s is used for other hosts, and never for this machine', async (name) => {
    const proxy = await startProxy();
    try {
      hub.intercept = (_, response) => {
        response.end('through');
        return true;
      };
      process.env[name] = proxy.address;
      expect(await text('http://hub.invalid/x')).toBe('through');
      expect(await text(`${hub.url}/x`)).toBe('through');
      expect(proxy.asked).toEqual(['hub.invalid:80']);
      process.env.NO_PROXY = 'other.invalid, .hub.invalid,hub.invalid';
      await expect(text('http://hub.invalid/x')).rejects.toThrow();
      expect(proxy.asked).toEqual(['hub.invalid:80']);
    } finally {
      proxy.close();
    }
  });

  it('that is no address is said, without what it may hold', async () => {
    process.env.HTTPS_PROXY = 'http://user:secret@:99999';
    await expect(text('http://hub.invalid/')).rejects.toThrow(
      new UsageError('HTTPS_PROXY is no address of a proxy: it should be like http://proxy.example:3128'),
    );
  });
});
