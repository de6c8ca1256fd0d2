/** What a run is: its settings and data. A run is resumed only as what it was. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DataError, errorMessage } from '../errors.ts';
import { checkSettings, type TrainSettings } from './settings.ts';

/** A run may go on elsewhere than it began. */
function withoutDevice<Settings extends { device?: unknown }>(settings: Settings): Omit<Settings, 'device'> {
  const { device: _, ...others } = settings;
  return others;
}

const hashOf = (settings: unknown, dataHash: string): string =>
  createHash('sha256')
    .update(JSON.stringify([settings, dataHash]))
    .digest('hex');

/**
 * sha256 of settings and data. Where the run that goes on in `output` (empty: none) was begun by an older
 * version, with settings that are equal but for fields that came later and have their defaults here, it is that run's: a new version must
 * not make states useless.
 * @throws DataError when the settings of the run there cannot be read
 */
export function runIdentity(settings: TrainSettings, dataHash: string, output: string): string {
  const path = join(output, 'settings.json');
  if (output && existsSync(path)) {
    let begun: Record<string, unknown>;
    try {
      begun = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    } catch (error) {
      throw new DataError(`${path}: ${errorMessage(error)}`);
    }
    try {
      const filled = withoutDevice(checkSettings(begun, path));
      // Compared as JSON, where a field that is absent and one that is undefined are the same.
      const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
      if (isDeepStrictEqual(plain(filled), plain(withoutDevice(settings)))) return hashOf(withoutDevice(begun), dataHash);
    } catch {
      // Settings that are no longer valid are those of another run.
    }
  }
  return hashOf(withoutDevice(settings), dataHash);
}
