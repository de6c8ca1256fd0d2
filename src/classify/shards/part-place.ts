/** Where a part lies: its results, and beside them the manifest that says what they are; while they are written, and once they are complete. */
import { basename, dirname, join } from 'node:path';
import { manifestPath, partPath, type Shard, unfinishedPath } from './shard.ts';

/** The files of a part. */
export interface PartPlace {
  shard: Shard;
  /** Results that are complete. */
  file: string;
  manifest: string;
  /** Results until they are complete. */
  unfinished: string;
  unfinishedManifest: string;
}

/** Of a shard, whose manifest is there from the first moment on: `glz merge` then says which are not finished. */
export function shardPlace(output: string, shard: Shard): PartPlace {
  const file = partPath(output, shard);
  const manifest = manifestPath(file);
  return { shard, file, manifest, unfinished: unfinishedPath(file), unfinishedManifest: manifest };
}

const hiddenManifest = (file: string): string => manifestPath(join(dirname(file), `.${basename(file)}`));

/**
 * Of the results of a whole input. Manifests are hidden: whoever reads all files of the folder finds results. What an earlier run made stays until what
 * replaces it is complete.
 */
export function filePlace(file: string): PartPlace {
  const unfinished = unfinishedPath(file);
  return { shard: { index: 1, of: 1 }, file, manifest: hiddenManifest(file), unfinished, unfinishedManifest: hiddenManifest(unfinished) };
}
