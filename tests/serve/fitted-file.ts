/** A file as `glz tune` writes it, with figures of a test's own. */
import { writeFileSync } from 'node:fs';
import { loadClassifier } from '../../src/classify/load-classifier.ts';
import type { ThresholdsFile } from '../../src/classify/tuning/thresholds-file.ts';
import { SHIPPED_CHECKPOINT } from '../../src/options/shipped-checkpoint.ts';

/** Writes files for the checkpoint that ships. */
export async function writeFittedFiles(
  files: Readonly<Record<string, Pick<ThresholdsFile, 'labels'> & Partial<ThresholdsFile>>>,
): Promise<void> {
  const classifier = await loadClassifier(SHIPPED_CHECKPOINT, { threads: 1 });
  for (const [path, fields] of Object.entries(files)) {
    const file = {
      version: 1 as const,
      checkpoint: classifier.identity,
      multiLabel: false,
      temperature: 1,
      bias: 0,
      measured: {},
      ...fields,
    };
    writeFileSync(path, JSON.stringify(file satisfies ThresholdsFile));
  }
  await classifier.dispose();
}
