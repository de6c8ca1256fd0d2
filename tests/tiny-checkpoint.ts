/** A tiny checkpoint for tests of commands and of the library, made once in a run of the tests; and folders. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GliZNetOptions } from '../src/model/options.ts';

/** Folder of the tiny encoder. */
export const TINY_ENCODER = fileURLToPath(new URL('./fixtures/encoders/bert', import.meta.url));

/** The project's root. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Options of a tiny checkpoint that reads labels by themselves, as the one that ships does: loaded in a twentieth of its time. */
export const TINY_LATE = {
  ...({ crossAttention: 'late', textPooling: 'mean', labelPooling: 'mean', projection: null } as const),
  ...({ similarity: 'cosine', labelStyle: 'marker', marker: '[CLS]' } as const),
} satisfies Partial<GliZNetOptions>;

/** A folder that is empty and of its own. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'glz-test-'));

/** Writes a checkpoint and returns its folder. Of the same options it is made once in a run of the tests. */
export async function writeTinyCheckpoint(
  options: Partial<GliZNetOptions> = {},
  folder = join(temporaryFolder(), 'checkpoint'),
): Promise<string> {
  const name = createHash('sha256').update(JSON.stringify(options)).digest('hex');
  const made = join(process.env.GLZ_TEST_RUN!, 'checkpoints', name);
  if (!existsSync(made)) {
    const own = join(temporaryFolder(), 'checkpoint');
    // Loaded here: most files that import this one need a folder's name alone, or find a checkpoint made.
    const { makeTinyCheckpoint } = await import('./make-tiny-checkpoint.ts');
    await makeTinyCheckpoint(options, own);
    mkdirSync(join(made, '..'), { recursive: true });
    try {
      renameSync(own, made);
    } catch (error) {
      if (!existsSync(made)) throw error; // another worker was faster
    }
  }
  cpSync(made, folder, { recursive: true });
  return folder;
}
