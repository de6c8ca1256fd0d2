/**
 * A model by its folder or its id on the Hugging Face hub: out of the shared cache, downloaded into it where it is not there yet.
 * Only what a model needs is fetched: config, tokenizer, weights (safetensors before .bin).
 * Knows what files a model has; HTTP is in hub-download, the cache's layout in hub-cache.
 *
 * Environment: HF_HOME, HF_HUB_CACHE (where the cache is), HF_HUB_OFFLINE, HF_ENDPOINT (a mirror), HF_TOKEN, HF_TOKEN_PATH, HF_HOME/token
 * (private and gated models); HTTPS_PROXY, HTTP_PROXY, NO_PROXY.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError, errorMessage, UsageError } from '../../base/errors.ts';
import { refuseBrokenLink, statsOf, writeFileAtomically } from '../../base/files.ts';
import { makeFolder } from '../../base/make-folder.ts';
import { quoted } from '../../base/printable.ts';
import { nearestName } from '../../options/check.ts';
import { CHECKPOINT_NAMES, shippedFolder } from '../../options/shipped-checkpoint.ts';
import { readShardIndex, WEIGHT_FILES } from '../weight-files.ts';
import {
  COMMIT,
  cachedCommit,
  type Environment,
  hubCacheFolder,
  hubHomeFolder,
  isWholeSnapshot,
  linkIntoSnapshot,
  repositoryFolder,
  sizeOf,
  VOCABULARY_FILES,
  withIncomplete,
  withLock,
} from './hub-cache.ts';
import { downloadFile, fetchJson, type HubAccess, HubStatusError, HubUnreachableError, type RemoteFile } from './hub-download.ts';

/** How {@link resolveModelFolder} works; everything has a default. */
export interface ResolveOptions {
  /** Branch, tag or commit; `main` unless given. */
  revision?: string;
  /** Gets lines for the user: what is downloaded, from where; that something is tried again. */
  note?: (line: string) => void;
  /** Gets the progress of each file: bytes that are there, bytes in all. */
  onProgress?: (file: string, bytes: number, total: number) => void;
  /** Stops the download; what is there is kept and the next call goes on from it. */
  signal?: AbortSignal;
  /** The process's own unless given. */
  env?: Environment;
  /** Milliseconds before a failed request is tried again (then 2, 4, 8 times as long). */
  retryDelay?: number;
  /** Milliseconds without a byte after which a connection is taken for dead. */
  idleTimeout?: number;
}

/** Settings of the model, its tokenizer, its pooling and its pictures, fetched where they are. */
const SETTINGS_FILES = [
  'config.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'sentence_bert_config.json',
  '1_Pooling/config.json',
  'preprocessor_config.json',
];

/** Files that may have gigabytes; settings and vocabularies have some megabytes. */
const WEIGHTS = /\.(safetensors|bin)$/;
const LARGEST_SETTINGS = 256 * 2 ** 20;

const ID_PART = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?$/;
const REVISION = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_.-]+)*$/;

/** Whether a name can be a model's id on the hub (`org/name`, or `name` for the oldest models). */
export function isHubId(name: string): boolean {
  const parts = name.split('/');
  return parts.length <= 2 && parts.every((part) => ID_PART.test(part)) && !name.includes('..') && !name.includes('--');
}

/** Names of folders that people keep models in; no organisation of the hub that has models is called so. */
const FOLDER_NAMES = /^(runs?|checkpoints?|models?|outputs?|out|results?|data|datasets|tmp|configs?)$/i;

/** Whether a name can only be meant as a path: it begins with a folder that is there, or with a name that folders have. */
export function looksLikePath(name: string): boolean {
  const [first, ...others] = name.split('/');
  return others.length > 0 && (FOLDER_NAMES.test(first) || existsSync(first));
}

/** Whether a name can only be meant for a checkpoint that ships; no model of the hub without an organisation is called so. `t5-small` is as near. */
export const looksLikeShipped = (name: string): boolean => /^gl/i.test(name) && nearestName(name, CHECKPOINT_NAMES) !== undefined;

/** What is wrong with a path that is none, with the nearest name of a folder that is there or of a checkpoint that ships. */
export function noSuchFolder(path: string): DataError {
  const parent = dirname(path);
  let names: string[] = [];
  try {
    names = readdirSync(parent, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    // Neither is the folder that it would be in.
  }
  const near = nearestName(basename(path), parent === '.' ? [...names, ...CHECKPOINT_NAMES] : names);
  return new DataError(`${path}: no such folder${near === undefined ? '' : `; did you mean "${join(parent, near)}"?`}`);
}

const isSet = (value: string | undefined) => /^(1|true|yes|on)$/i.test(value ?? '');

/** The file in which `hf auth login` keeps the token. */
function tokenFile(env: Environment): string | undefined {
  if (env.HF_TOKEN_PATH) return env.HF_TOKEN_PATH;
  const home = hubHomeFolder(env);
  return home && join(home, 'token');
}

/** The token that was saved, unless HF_HUB_DISABLE_IMPLICIT_TOKEN says that it is for explicit use only. */
function savedToken(env: Environment): string | undefined {
  const path = isSet(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? undefined : tokenFile(env);
  try {
    return (path && readFileSync(path, 'utf8').trim()) || undefined;
  } catch {
    return undefined;
  }
}

const tokenSource = (env: Environment): string => (env.HF_TOKEN?.trim() ? 'HF_TOKEN' : (tokenFile(env) ?? 'HF_TOKEN'));

function hubAccess({ env = process.env, signal, retryDelay = 500, idleTimeout = 60_000, note }: ResolveOptions): HubAccess {
  const endpoint = (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new UsageError('HF_ENDPOINT is no address: it should be like https://huggingface.co');
  const { username, password } = new URL(endpoint);
  if (username || password) throw new UsageError('HF_ENDPOINT holds a user name or password: put the token in HF_TOKEN and leave them out');
  const token = env.HF_TOKEN?.trim() || savedToken(env);
  // Checked here because the header's own error message would print the token.
  if (token && !/^[\x21-\x7e]+$/.test(token)) throw new UsageError(`${tokenSource(env)} holds characters that no token has; set it again`);
  return { endpoint, token, tokenSource: tokenSource(env), signal, retryDelay, idleTimeout, note };
}

/** What the hub knows of a model: its commit and its files. */
interface Listing {
  commit: string;
  files: Map<string, RemoteFile>;
}

function parseListing(access: HubAccess, id: string, listing: unknown): Listing {
  const { sha, siblings } = (listing ?? {}) as { sha?: unknown; siblings?: unknown };
  if (typeof sha !== 'string' || !COMMIT.test(sha) || !Array.isArray(siblings))
    throw new DataError(`${access.endpoint} did not answer like a Hugging Face hub (no commit, or no files, of ${id}); check HF_ENDPOINT`);
  const files = new Map<string, RemoteFile>();
  for (const sibling of siblings as Record<string, unknown>[]) {
    const name = sibling?.rfilename;
    // Files in folders of the repository (other formats, training state) are not needed, but for the pooling's settings.
    if (
      typeof name !== 'string' ||
      /[\p{Cc}\p{Cs}]/u.test(name) ||
      ((name.includes('/') || name.includes('\\')) && !SETTINGS_FILES.includes(name))
    )
      continue;
    const large = sibling.lfs as { sha256?: unknown; size?: unknown } | undefined;
    const size = large?.size ?? sibling.size;
    const sha256 = large?.sha256;
    const isHex = (value: unknown, length: number): value is string =>
      typeof value === 'string' && value.length === length && /^[0-9a-f]+$/.test(value);
    files.set(name, {
      name,
      url: `${access.endpoint}/${id}/resolve/${sha}/${name.split('/').map(encodeURIComponent).join('/')}`,
      ...(WEIGHTS.test(name) ? {} : { largest: LARGEST_SETTINGS }),
      ...(Number.isSafeInteger(size) && (size as number) >= 0 ? { size: size as number } : {}),
      ...(isHex(sha256, 64)
        ? { checksum: { kind: 'sha256' as const, hex: sha256 } }
        : !large && isHex(sibling.blobId, 40)
          ? { checksum: { kind: 'git' as const, hex: sibling.blobId } }
          : {}),
    });
  }
  return { commit: sha, files };
}

/** A refusal of the hub as one line that says what to do. */
function explain(error: unknown, access: HubAccess, id: string, revision: string): Error {
  if (error instanceof HubUnreachableError)
    return new DataError(
      `${quoted(id)} is no folder, not whole in the cache, and cannot be downloaded: ${error.message}; try again when the network is there (what was downloaded is kept), set HF_ENDPOINT to a mirror, or give a folder`,
    );
  if (!(error instanceof HubStatusError)) return error as Error;
  const { host } = new URL(access.endpoint);
  const { status, code } = error;
  if (code === 'RevisionNotFound') return new DataError(`${id} on ${host} has no revision ${quoted(revision)}`);
  if (status === 404) return new DataError(`there is no model ${quoted(id)} on ${host} (nor a folder of that name here)`);
  if (status === 401 && !access.token)
    return new DataError(
      `there is no model ${quoted(id)} on ${host} that can be read without a token: check the name, or log in (hf auth login, or HF_TOKEN) if it is private or gated`,
    );
  if (status === 401 || status === 403)
    return new DataError(
      access.token
        ? `the token in ${access.tokenSource} gives no access to ${quoted(id)}: check it, and accept the model's terms at ${access.endpoint}/${id}`
        : `${quoted(id)} is private or gated: accept its terms at ${access.endpoint}/${id} and log in (hf auth login, or HF_TOKEN)`,
    );
  return new DataError(`cannot download ${quoted(id)}: ${error.message}`);
}

/** Puts a file into the snapshot, downloading its blob unless it is there. */
async function fetchFile(
  access: HubAccess,
  file: RemoteFile,
  repository: string,
  commit: string,
  onProgress: ResolveOptions['onProgress'],
): Promise<string> {
  const pointer = join(repository, 'snapshots', commit, file.name);
  if (statSync(pointer, { throwIfNoEntry: false })) return pointer;
  // The hub names blobs by their checksum; where a mirror tells none, a name of the commit and the file's own will do.
  const blob = join(repository, 'blobs', file.checksum?.hex ?? createHash('sha256').update(`${commit}/${file.name}`).digest('hex'));
  const isThere = () => statSync(blob, { throwIfNoEntry: false }) !== undefined && (file.size === undefined || sizeOf(blob) === file.size);
  await withLock(
    `${blob}.incomplete.lock`,
    isThere,
    () =>
      withIncomplete(blob, async (incomplete) => {
        await downloadFile(access, file, incomplete, (bytes, total) => onProgress?.(file.name, bytes, total));
        await rename(incomplete, blob);
      }),
    access.signal,
  );
  await linkIntoSnapshot(blob, pointer);
  return pointer;
}

async function download(access: HubAccess, id: string, revision: string, cache: string, options: ResolveOptions): Promise<string> {
  const repository = repositoryFolder(cache, id);
  const { commit, files } = parseListing(
    access,
    id,
    await fetchJson(access, `${access.endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`),
  );
  const { host } = new URL(access.endpoint);
  const weights = WEIGHT_FILES.find(({ name }) => files.has(name));
  if (!files.has('config.json') || !weights) {
    if (files.has('adapter_config.json'))
      throw new DataError(
        `${id} on ${host} is an adapter (LoRA or the like) and not a model: merge it into its model first, and give the folder of that`,
      );
    const lacks = files.has('config.json') ? `weights (${WEIGHT_FILES.map(({ name }) => name).join(', ')})` : 'config.json';
    throw new DataError(
      `${id} on ${host} has no ${lacks}: it is no model that can be read (it has ${[...files.keys()].slice(0, 8).join(', ')})`,
    );
  }
  const vocabulary = files.has('tokenizer.json') ? ['tokenizer.json'] : [...VOCABULARY_FILES, 'merges.txt'];
  options.note?.(`downloading ${id} (commit ${commit.slice(0, 8)}) from ${host} to ${repository}`);
  try {
    makeFolder(join(repository, 'blobs'));
  } catch (error) {
    throw new DataError(`cannot write to the cache ${cache}: ${errorMessage(error)}; set HF_HOME to a folder that can be written`);
  }
  if (revision !== commit) writeFileAtomically(join(repository, 'refs', revision), commit);
  const fetchNamed = async (name: string): Promise<string> => {
    const file = files.get(name);
    if (!file) throw new DataError(`${id} on ${host} lacks ${name}, which ${weights.name} names`);
    return fetchFile(access, file, repository, commit, options.onProgress);
  };
  // Weights come last: a snapshot that has them has everything.
  for (const name of [...SETTINGS_FILES, ...vocabulary]) if (files.has(name)) await fetchNamed(name);
  const path = await fetchNamed(weights.name);
  if (weights.sharded) for (const shard of new Set(readShardIndex(path).values())) await fetchNamed(shard);
  return join(repository, 'snapshots', commit);
}

/**
 * The folder of a model: a local folder as it is, a checkpoint that ships by its name, or the snapshot of a hub id, which is downloaded if it is not in the cache.
 * What is in the cache is used without asking the hub.
 * @param idOrFolder `./folder`, `glz-small`, `org/name` or `name`; a folder that exists goes first
 * @throws DataError when there is no such folder or model, it cannot be reached, or the user may not read it
 * @throws UsageError for a revision or an environment variable that is none
 */
export async function resolveModelFolder(idOrFolder: string, options: ResolveOptions = {}): Promise<string> {
  const { env = process.env, revision = 'main' } = options;
  const stats = statsOf(idOrFolder);
  if (stats && options.revision !== undefined) throw new UsageError(`${idOrFolder} is a folder: a revision is for models of the hub`);
  if (stats?.isDirectory()) return idOrFolder;
  if (stats) throw new DataError(`${idOrFolder} is a file; give the folder of the model, or an id of the Hugging Face hub`);
  refuseBrokenLink(idOrFolder);
  const shipped = shippedFolder(idOrFolder);
  if (shipped !== undefined) return shipped;
  if (!isHubId(idOrFolder)) throw new DataError(`there is no folder ${quoted(idOrFolder)} (and it is no id of the Hugging Face hub)`);
  if (!REVISION.test(revision) || revision.includes('..'))
    throw new UsageError(`${quoted(revision)} is no revision: give a branch, a tag or a commit`);

  const cache = hubCacheFolder(env);
  if (cache === undefined)
    throw new DataError(`${quoted(idOrFolder)} is no folder, and this user has no home folder to keep models in: set HF_HOME to a folder`);
  const repository = repositoryFolder(cache, idOrFolder);
  const commit = cachedCommit(repository, revision);
  const snapshot = commit && join(repository, 'snapshots', commit);
  if (snapshot && isWholeSnapshot(snapshot)) return snapshot;
  if (looksLikePath(idOrFolder) || looksLikeShipped(idOrFolder)) throw noSuchFolder(idOrFolder);
  if (isSet(env.HF_HUB_OFFLINE))
    throw new DataError(
      `${quoted(idOrFolder)} is no folder and not in the cache (${cache}), and HF_HUB_OFFLINE is set: unset it once to download the model, or give a folder`,
    );
  const access = hubAccess(options);
  try {
    return await download(access, idOrFolder, revision, cache, options);
  } catch (error) {
    throw explain(error, access, idOrFolder, revision);
  }
}
