/** What a system is, by content: the hash under which its results are kept. Reads files, runs nothing. */

import { createHash, type Hash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DataError, errorMessage } from '../../base/errors.ts';
import { hashFile } from '../../base/hash.ts';
import type { SystemKind } from '../systems/system.ts';
import type { SystemSpec } from '../systems/system-spec.ts';

/** Files of a model folder that decide what it computes; the rest (pictures, other frameworks' weights) is left out. */
const MODEL_FILE = /\.(json|txt|model|safetensors|bin|pt|pth)$/;
const MODEL_DEPTH = 2;

function hashTree(hash: Hash, path: string, wanted: RegExp | undefined, depth: number, name = ''): void {
  if (statSync(path).isDirectory()) {
    if (depth === 0) return;
    for (const entry of readdirSync(path).sort())
      if (!entry.startsWith('.')) hashTree(hash, join(path, entry), wanted, depth - 1, `${name}/${entry}`);
  } else if (!wanted || wanted.test(path) || name === '') {
    hash.update(`\n${name}\n`);
    hashFile(hash, path);
  }
}

/**
 * sha256 of what a system computes with: kind, options, and the content of its model and files.
 * @param model the resolved folder, or a server's model name
 * @throws DataError naming a file that cannot be read.
 */
export function systemIdentity(spec: SystemSpec, kind: SystemKind, model: string): string {
  const hash = createHash('sha256');
  const options = Object.entries(spec.options).filter(([key]) => !kind.fileOptions?.includes(key));
  hash.update(JSON.stringify([spec.kind, options.sort(), kind.modelSource === 'server' ? model : null]));
  const files = (kind.fileOptions ?? []).flatMap((key) => (spec.options[key] === undefined ? [] : [spec.options[key]]));
  try {
    if (kind.modelSource === 'folder') hashTree(hash, model, MODEL_FILE, MODEL_DEPTH);
    for (const file of files) hashTree(hash, file, undefined, 3);
  } catch (error) {
    throw new DataError(`${spec.name}: ${errorMessage(error)}`);
  }
  return hash.digest('hex');
}
