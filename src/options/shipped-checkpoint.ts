/** Where the checkpoint is that comes with the package. */
import { fileURLToPath } from 'node:url';

/** Folder of the shipped checkpoint. */
export const SHIPPED_CHECKPOINT = fileURLToPath(new URL('../../checkpoints/glz-mini', import.meta.url));
