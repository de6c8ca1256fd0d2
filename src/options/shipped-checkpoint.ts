/** Where the checkpoints are that come with the package. */
import { fileURLToPath } from 'node:url';

const FOLDERS = new URL('../../checkpoints/', import.meta.url);

/** Names of the checkpoints that ship: the one that is used unless another is named, and a larger one. A folder of such a name in the working directory goes first. */
export const SHIPPED_CHECKPOINTS = ['glz-mini', 'glz-small'] as const;

const folderOf = (name: string): string => fileURLToPath(new URL(name, FOLDERS));

/** Folder of the checkpoint that is used where none is named. */
export const SHIPPED_CHECKPOINT = folderOf(SHIPPED_CHECKPOINTS[0]);

/** The folder of the checkpoint that ships under a name; undefined for any other name. */
export const shippedFolder = (name: string): string | undefined =>
  SHIPPED_CHECKPOINTS.some((shipped) => shipped === name) ? folderOf(name) : undefined;
