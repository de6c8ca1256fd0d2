/** Models by hub id, against a hub on the loopback interface: the cache's layout, what is fetched, every fault and every refusal. */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError, UsageError } from '../../../src/base/errors.ts';
import { readEncoderFolder } from '../../../src/weights/encoder-weights.ts';
import { readSafetensors, writeSafetensors } from '../../../src/weights/formats/safetensors.ts';
import { isHubId, looksLikePath, type ResolveOptions, resolveModelFolder } from '../../../src/weights/hub/hub.ts';
import { hubCacheFolder, linkIntoSnapshot, withLock } from '../../../src/weights/hub/hub-cache.ts';
import { COMMIT, type FakeHub, listing, sendFile, sha256, startHub } from './hub-server.ts';

const BERT = new URL('../../fixtures/encoders/bert/', import.meta.url).pathname;
const TOKEN = 'hf_secretSECRETsecret';
const ID = 'sentence-transformers/tiny';

const files = (...names: string[]) => new Map(names.map((name) => [name, readFileSync(BERT + name)]));
const whole = files('config.json', 'tokenizer.json', 'tokenizer_config.json', 'vocab.txt', 'model.safetensors', 'pytorch_model.bin');
const weights = whole.get('model.safetensors')!;

let home: string;
let hub: FakeHub;
let notes: string[];
const repositories: Record<string, ReadonlyMap<string, Buffer>> = {};

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'glz-hub-'));
  notes = [];
  for (const id of Object.keys(repositories)) delete repositories[id];
  repositories[ID] = new Map([...whole, ['README.md', Buffer.from('# no need')], ['onnx/model.onnx', Buffer.from('no need')]]);
  hub = await startHub(repositories);
});
afterEach(async () => {
  await hub.close();
  rmSync(home, { recursive: true, force: true });
});

const env = (more: Record<string, string> = {}) => ({ HF_HOME: home, HF_ENDPOINT: hub.url, ...more });
const resolve = (id = ID, options: ResolveOptions = {}) =>
  resolveModelFolder(id, { env: env(), retryDelay: 1, note: (line) => notes.push(line), ...options });
const repository = (id = ID) => join(home, 'hub', `models--${id.replace('/', '--')}`);
const fetched = () => hub.requests.map(({ path }) => path.split('/').at(-1));
const failure = async (promise: Promise<unknown>): Promise<Error> => {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: Error) => thrown,
  );
  expect(error.message).not.toContain(TOKEN);
  expect(error.message).not.toContain('\n');
  return error;
};
/** Answers the first `times` requests for `file` with `answer`. */
const fault = (
  file: string,
  times: number,
  answer: Parameters<typeof sendFile> extends [infer A, infer B, ...unknown[]] ? (request: A, response: B) => void : never,
) => {
  let left = times;
  hub.intercept = (request, response, path) => {
    if (!path.endsWith(file) || left-- <= 0) return false;
    answer(request, response);
    return true;
  };
};

describe('a model of the hub', () => {
  it('is downloaded into the shared cache, with the layout that Hugging Face libraries use', async () => {
    const progress: [string, number, number][] = [];
    const folder = await resolve(ID, { onProgress: (...step) => progress.push(step) });
    expect(folder).toBe(join(repository(), 'snapshots', COMMIT));
    expect(readFileSync(join(repository(), 'refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']);
    for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name)).equals(whole.get(name)!)).toBe(true);
    expect(readlinkSync(join(folder, 'model.safetensors'))).toBe(join('..', '..', 'blobs', sha256(weights)));
    // Git's own name of config.json: `git hash-object`.
    expect(readlinkSync(join(folder, 'config.json'))).toMatch(/^..\/..\/blobs\/[0-9a-f]{40}$/);
    expect(readdirSync(join(repository(), 'blobs')).filter((name) => name.includes('incomplete'))).toEqual([]);
    expect(progress.filter(([file]) => file === 'model.safetensors').at(-1)).toEqual(['model.safetensors', weights.length, weights.length]);
    expect(notes).toEqual([`downloading ${ID} (commit 01234567) from ${new URL(hub.url).host} to ${repository()}`]);
    expect(readEncoderFolder(folder).weights).toEqual(readEncoderFolder(BERT).weights);
  });

  it('is used from the cache without a request, offline too', async () => {
    const folder = await resolve();
    const before = hub.requests.length;
    expect(await resolve()).toBe(folder);
    expect(await resolve(ID, { env: env({ HF_HUB_OFFLINE: '1' }) })).toBe(folder);
    expect(await resolve(ID, { revision: COMMIT })).toBe(folder);
    expect(hub.requests.length).toBe(before);
  });

  it('is completed where the cache has only a part of it', async () => {
    const folder = await resolve();
    rmSync(join(folder, 'model.safetensors'));
    rmSync(join(folder, 'config.json'));
    hub.requests.length = 0;
    expect(await resolve()).toBe(folder);
    // Both blobs are still there: nothing but the listing is asked for.
    expect(hub.requests.length).toBe(1);
    rmSync(join(repository(), 'blobs', sha256(weights)));
    hub.requests.length = 0;
    rmSync(join(folder, 'model.safetensors'));
    expect(await resolve()).toBe(folder);
    expect(fetched()).toEqual(['main', 'model.safetensors']);
  });

  it('is fetched by tag and by commit', async () => {
    expect(await resolve(ID, { revision: 'v1.0' })).toBe(join(repository(), 'snapshots', COMMIT));
    expect(readFileSync(join(repository(), 'refs', 'v1.0'), 'utf8')).toBe(COMMIT);
    expect(await resolve(ID, { revision: 'v1.0', env: env({ HF_HUB_OFFLINE: 'yes' }) })).toBe(join(repository(), 'snapshots', COMMIT));
    expect((await failure(resolve(ID, { revision: 'v2' }))).message).toBe(`${ID} on ${new URL(hub.url).host} has no revision "v2"`);
  });

  it('without safetensors comes as .bin, without tokenizer.json with its vocabulary', async () => {
    repositories[ID] = files('config.json', 'vocab.txt', 'pytorch_model.bin');
    const folder = await resolve();
    expect(readdirSync(folder).sort()).toEqual(['config.json', 'pytorch_model.bin', 'vocab.txt']);
    expect(readEncoderFolder(folder).weights).toEqual(readEncoderFolder(BERT).weights);
  });

  it('in shards comes with all of them, and is not whole without one', async () => {
    const all = [...readSafetensors(`${BERT}model.safetensors`)];
    const shards = [new Map(all.slice(0, 9)), new Map(all.slice(9))];
    const names = shards.map((_, i) => `model-0000${i + 1}-of-00002.safetensors`);
    const content = files('config.json', 'tokenizer.json');
    shards.forEach((shard, i) => {
      writeSafetensors(join(home, names[i]), shard);
      content.set(names[i], readFileSync(join(home, names[i])));
    });
    const weightMap = Object.fromEntries(shards.flatMap((shard, i) => [...shard.keys()].map((name) => [name, names[i]])));
    content.set('model.safetensors.index.json', Buffer.from(JSON.stringify({ weight_map: weightMap })));
    repositories[ID] = content;
    const folder = await resolve();
    expect(readdirSync(folder).filter((name) => name.endsWith('.safetensors'))).toEqual(names);
    expect(readEncoderFolder(folder).weights).toEqual(readEncoderFolder(BERT).weights);
    rmSync(join(folder, names[1]));
    hub.requests.length = 0;
    await resolve();
    expect(hub.requests.length).toBeGreaterThan(0);
    expect(existsSync(join(folder, names[1]))).toBe(true);
  });

  it('that an index would put outside its folder is refused before anything of it is fetched', async () => {
    const content = files('config.json', 'tokenizer.json');
    content.set('model.safetensors.index.json', Buffer.from(JSON.stringify({ weight_map: { x: '../../evil.safetensors' } })));
    repositories[ID] = content;
    expect((await failure(resolve())).message).toContain('is said to be in "../../evil.safetensors", which is no file beside the index');
  });

  it('of a mirror that tells neither sizes nor checksums is fetched all the same', async () => {
    hub.intercept = (_, response, path) => {
      if (!path.startsWith('/api/')) return false;
      const { sha, siblings } = listing(whole) as { sha: string; siblings: { rfilename: string }[] };
      response.end(JSON.stringify({ sha, siblings: siblings.map(({ rfilename }) => ({ rfilename })) }));
      return true;
    };
    expect(readEncoderFolder(await resolve()).weights).toEqual(readEncoderFolder(BERT).weights);
  });
});

describe('a download that fails', () => {
  it('goes on at the byte where the connection broke', async () => {
    let breakConnection = () => {};
    fault('model.safetensors', 1, (_, response) => {
      response.writeHead(200, { 'content-length': weights.length });
      response.write(weights.subarray(0, 100_000));
      breakConnection = () => response.destroy();
    });
    const folder = await resolve(ID, { onProgress: (_, bytes) => bytes === 100_000 && breakConnection() });
    expect(readFileSync(join(folder, 'model.safetensors')).equals(weights)).toBe(true);
    expect(hub.requests.filter(({ path }) => path.endsWith('model.safetensors')).map(({ range }) => range)).toEqual([
      undefined,
      'bytes=100000-',
    ]);
    expect(notes.at(-1)).toMatch(/^the connection broke \(.+\); trying again in 0\.0 s$/);
  });

  it('goes on in the next call where it was interrupted', async () => {
    const controller = new AbortController();
    const reason = new Error('interrupted');
    fault('model.safetensors', 1, (_, response) => {
      response.writeHead(200, { 'content-length': weights.length });
      response.write(weights.subarray(0, 64));
    });
    const stopped = resolve(ID, {
      signal: controller.signal,
      onProgress: (file, bytes) => {
        if (file === 'model.safetensors' && bytes > 0) controller.abort(reason);
      },
    });
    expect(await failure(stopped)).toBe(reason);
    const blobs = join(repository(), 'blobs');
    expect(readdirSync(blobs).filter((name) => name.includes('incomplete'))).toEqual([`${sha256(weights)}.incomplete`]);
    expect(statSync(join(blobs, `${sha256(weights)}.incomplete`)).size).toBe(64);
    hub.requests.length = 0;
    const folder = await resolve();
    expect(hub.requests.at(-1)?.range).toBe('bytes=64-');
    expect(readFileSync(join(folder, 'model.safetensors')).equals(weights)).toBe(true);
  });

  it.each([
    ['of another version', Buffer.alloc(1000, 7)],
    ['longer than the file', Buffer.alloc(weights.length + 1)],
  ])('starts anew where the remainder is %s', async (_, remainder) => {
    mkdirSync(join(repository(), 'blobs'), { recursive: true });
    writeFileSync(join(repository(), 'blobs', `${sha256(weights)}.incomplete`), remainder);
    expect(readFileSync(join(await resolve(), 'model.safetensors')).equals(weights)).toBe(true);
  });

  it('starts anew where the server cannot resume', async () => {
    mkdirSync(join(repository(), 'blobs'), { recursive: true });
    writeFileSync(join(repository(), 'blobs', `${sha256(weights)}.incomplete`), weights.subarray(0, 500));
    fault('model.safetensors', 9, (_, response) => response.writeHead(200, { 'content-length': weights.length }).end(weights));
    expect(readFileSync(join(await resolve(), 'model.safetensors')).equals(weights)).toBe(true);
  });

  it.each([500, 503, 429, 408])('with HTTP status %i is tried again', async (status) => {
    fault('model.safetensors', 3, (_, response) => response.writeHead(status).end());
    await resolve();
    expect(fetched().filter((name) => name === 'model.safetensors')).toHaveLength(4);
    expect(notes.filter((line) => line.includes(`HTTP status ${status}`))).toHaveLength(3);
  });

  it('for good says so in one line, and keeps what it has', async () => {
    fault('model.safetensors', 99, (_, response) => response.writeHead(500).end());
    const error = await failure(resolve());
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain(`"${ID}" is no folder, not whole in the cache, and cannot be downloaded: 127.0.0.1:`);
    expect(error.message).toContain('answered with HTTP status 500; try again when the network is there');
    expect(fetched().filter((name) => name === 'model.safetensors')).toHaveLength(5);
    expect(existsSync(join(repository(), 'snapshots', COMMIT, 'tokenizer.json'))).toBe(true);
  });

  it('because nobody answers, or the line is dead, says so', async () => {
    hub.intercept = () => true;
    expect((await failure(resolve(ID, { idleTimeout: 30 }))).message).toMatch(
      /cannot be downloaded: 127\.0\.0\.1:\d+ does not answer; try again/,
    );
    await hub.close();
    expect((await failure(resolve())).message).toMatch(/cannot be downloaded: cannot reach 127\.0\.0\.1:\d+ \(ECONNREFUSED\); try again/);
  });

  it('with other bytes than the hub says is refused, not kept', async () => {
    fault('model.safetensors', 99, (request, response) => sendFile(request, response, Buffer.alloc(weights.length, 1)));
    expect((await failure(resolve())).message).toContain(
      'model.safetensors: what was downloaded is not what the hub says it is (checksum)',
    );
    expect(readdirSync(join(repository(), 'blobs')).filter((name) => name.startsWith(sha256(weights)))).toEqual([]);
  });

  it('with more bytes than the hub says is cut off', async () => {
    fault('model.safetensors', 99, (_, response) => response.writeHead(200).end(Buffer.concat([weights, weights])));
    expect((await failure(resolve())).message).toContain(`sends more than the ${weights.length} bytes of the file`);
  });
});

describe('a token', () => {
  it('goes to the endpoint only, not to where it redirects', async () => {
    const store = await startHub({ [ID]: whole });
    try {
      hub.intercept = (_, response, path) => {
        if (path.endsWith('model.safetensors')) response.writeHead(302, { location: store.url + path }).end();
        else if (path.endsWith('tokenizer.json') && !path.startsWith('/moved'))
          response.writeHead(307, { location: `/moved${path}` }).end();
        else if (path.startsWith('/moved')) response.end(whole.get('tokenizer.json'));
        else return false;
        return true;
      };
      await resolve(ID, { env: env({ HF_TOKEN: ` ${TOKEN}\n` }) });
      expect(hub.requests.every(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true);
      expect(hub.requests.some(({ path }) => path.startsWith('/moved'))).toBe(true);
      expect(store.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
      expect(notes.join()).not.toContain(TOKEN);
    } finally {
      await store.close();
    }
  });

  it.each([
    [
      401,
      '',
      undefined,
      /^there is no model ".+" on .+ that can be read without a token: check the name, or log in \(hf auth login, or HF_TOKEN\) if it is private or gated$/,
    ],
    [401, 'GatedRepo', TOKEN, /^the token in HF_TOKEN gives no access to ".+": check it, and accept the model's terms at http:.+tiny$/],
    [403, 'GatedRepo', TOKEN, /^the token in HF_TOKEN gives no access/],
    [403, 'GatedRepo', undefined, /is private or gated: accept its terms at http:.+ and log in \(hf auth login, or HF_TOKEN\)$/],
    [404, 'RepoNotFound', undefined, /^there is no model ".+" on .+ \(nor a folder of that name here\)$/],
    [400, '', undefined, /^cannot download ".+": .+ answered with HTTP status 400$/],
  ])('is asked for where it is needed: HTTP status %i %s', async (status, code, token, message) => {
    fault('main', 9, (_, response) => response.writeHead(status, code ? { 'x-error-code': code } : {}).end());
    const error = await failure(resolve(ID, { env: env(token ? { HF_TOKEN: token } : {}) }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(message);
    expect(hub.requests).toHaveLength(1);
  });

  it('with characters that no header can carry is not printed', async () => {
    const error = await failure(resolve(ID, { env: env({ HF_TOKEN: `${TOKEN}\nx` }) }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toContain('HF_TOKEN holds characters that no token has');
  });
});

describe('what is no model', () => {
  it('is refused with what there is', async () => {
    repositories['a/tf'] = new Map([...files('config.json', 'tokenizer.json'), ['tf_model.h5', Buffer.from('x')]]);
    expect((await failure(resolve('a/tf'))).message).toMatch(
      /a\/tf on .+ has no weights \(model\.safetensors, .+\): .+\(it has config\.json, tokenizer\.json, tf_model\.h5\)/,
    );
    repositories['a/none'] = new Map([['README.md', Buffer.from('x')]]);
    expect((await failure(resolve('a/none'))).message).toContain('has no config.json');
  });

  it('offline and not in the cache says what to do, without a request', async () => {
    const error = await failure(resolve(ID, { env: env({ HF_HUB_OFFLINE: 'TRUE' }) }));
    expect(error.message).toContain(
      `"${ID}" is no folder and not in the cache (${join(home, 'hub')}), and HF_HUB_OFFLINE is set: unset it once`,
    );
    expect(hub.requests).toEqual([]);
  });

  it.each([
    ['no JSON', '<html>', /no JSON\); check HF_ENDPOINT/],
    ['no commit', '{"siblings": []}', /did not answer like a Hugging Face hub \(no commit/],
    ['a commit that is a path', '{"sha": "../../../x", "siblings": []}', /no commit/],
    ['null', 'null', /no commit/],
  ])('answered with %s is refused', async (_, answer, message) => {
    fault('main', 9, (_request, response) => response.end(answer));
    expect((await failure(resolve())).message).toMatch(message);
  });

  it('redirected in a circle, or to another protocol, is refused', async () => {
    fault('main', 99, (request, response) => response.writeHead(302, { location: request.url }).end());
    expect((await failure(resolve())).message).toContain('redirects in a circle');
    fault('main', 99, (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end());
    expect((await failure(resolve())).message).toContain('which is not safe');
  });

  it('named by a path, a file, a wrong id, revision or endpoint', async () => {
    expect((await failure(resolve('./missing'))).message).toBe('there is no folder "./missing" (and it is no id of the Hugging Face hub)');
    expect((await failure(resolve(`${BERT}config.json`))).message).toContain('config.json is a file; give the folder of the model');
    expect(await failure(resolve(ID, { revision: '../x' }))).toBeInstanceOf(UsageError);
    expect(await failure(resolve(BERT, { revision: 'main' }))).toBeInstanceOf(UsageError);
    expect((await failure(resolve(ID, { env: env({ HF_ENDPOINT: 'huggingface.co' }) }))).message).toContain('HF_ENDPOINT is no address');
    const secret = await failure(resolve(ID, { env: env({ HF_ENDPOINT: `http://user:${TOKEN}@127.0.0.1:1` }) }));
    expect(secret).toBeInstanceOf(UsageError);
    expect(hub.requests).toEqual([]);
  });

  it('is no model of the hub where it looks like a path: nobody is asked, and the nearest folder is named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'glz-test-'));
    mkdirSync(join(folder, 'runs/own'), { recursive: true });
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect((await failure(resolve('runs/ownn'))).message).toBe('runs/ownn: no such folder; did you mean "runs/own"?');
      expect((await failure(resolve('checkpoints/glz'))).message).toBe('checkpoints/glz: no such folder');
      expect(['runs/x', 'models/x', 'Qwen/x', 'x', 'runs'].map(looksLikePath)).toEqual([true, true, false, false, false]);
      mkdirSync('Qwen');
      expect(looksLikePath('Qwen/x')).toBe(true);
    } finally {
      process.chdir(before);
    }
    expect(hub.requests).toEqual([]);
  });

  it('is a folder that exists: itself', async () => {
    expect(await resolve(BERT)).toBe(BERT);
  });

  it.each([
    ['bert-base-uncased', true],
    ['sentence-transformers/all-MiniLM-L6-v2', true],
    ['a/b/c', false],
    ['../b', false],
    ['a/..', false],
    ['a--b/c', false],
    ['', false],
    ['C:\\models', false],
    ['a/b ', false],
  ])('isHubId(%j) is %j', (name, expected) => {
    expect(isHubId(name)).toBe(expected);
  });
});

describe('the cache', () => {
  it('is where Hugging Face libraries look for it', () => {
    expect(hubCacheFolder({})).toBe(join(homedir(), '.cache', 'huggingface', 'hub'));
    expect(hubCacheFolder({ XDG_CACHE_HOME: '/x' })).toBe(join('/x', 'huggingface', 'hub'));
    expect(hubCacheFolder({ HF_HOME: '~/hf', XDG_CACHE_HOME: '/x' })).toBe(join(homedir(), 'hf', 'hub'));
    expect(hubCacheFolder({ HF_HUB_CACHE: '/c', HF_HOME: '/h' })).toBe('/c');
  });

  it('takes hard links, then copies, where symbolic links are not permitted', async () => {
    const refuse = () => Promise.reject(Object.assign(new Error('not permitted'), { code: 'EPERM' }));
    const blob = join(home, 'blob');
    writeFileSync(blob, 'weights');
    const { link } = await import('node:fs/promises');
    for (const [name, links] of [
      ['hard', { symlink: refuse, link }],
      ['copy', { symlink: refuse, link: refuse }],
    ] as const) {
      const file = join(home, 'snapshots', name);
      await linkIntoSnapshot(blob, file, links);
      expect(lstatSync(file).isFile()).toBe(true);
      expect(readFileSync(file, 'utf8')).toBe('weights');
    }
    expect(statSync(join(home, 'snapshots', 'hard')).ino).toBe(statSync(blob).ino);
    expect(readdirSync(join(home, 'snapshots')).sort()).toEqual(['copy', 'hard']);
  });

  it('replaces a link whose blob is gone', async () => {
    writeFileSync(join(home, 'blob'), 'weights');
    symlinkSync('nowhere', join(home, 'file'));
    await linkIntoSnapshot(join(home, 'blob'), join(home, 'file'));
    expect(readFileSync(join(home, 'file'), 'utf8')).toBe('weights');
  });

  it('downloads once when two ask at the same time', async () => {
    const [one, other] = await Promise.all([resolve(), resolve()]);
    expect(one).toBe(other);
    expect(fetched().filter((name) => name === 'model.safetensors')).toHaveLength(1);
  });

  it.each([
    ['of a process that is gone', '999999999\n', false],
    ['that has given no sign for minutes', 'nobody', true],
  ])('takes over a lock %s', async (_, content, old) => {
    const lock = join(home, 'lock');
    const { hostname } = await import('node:os');
    writeFileSync(lock, content + (old ? '' : hostname()));
    if (old) utimesSync(lock, new Date(Date.now() - 200_000), new Date(Date.now() - 200_000));
    let worked = false;
    await withLock(
      lock,
      () => false,
      async () => {
        worked = true;
      },
    );
    expect(worked).toBe(true);
    expect(existsSync(lock)).toBe(false);
  });

  it('that cannot be written says so', async () => {
    writeFileSync(join(home, 'hub'), 'a file');
    expect((await failure(resolve())).message).toContain(`cannot write to the cache ${join(home, 'hub')}`);
  });

  it('made by Python is read as it is', async () => {
    const snapshot = join(repository('org/py'), 'snapshots', COMMIT);
    cpSync(BERT, snapshot, { recursive: true });
    mkdirSync(join(repository('org/py'), 'refs'));
    writeFileSync(join(repository('org/py'), 'refs', 'main'), COMMIT);
    expect(await resolve('org/py')).toBe(snapshot);
    expect(hub.requests).toEqual([]);
  });
});
