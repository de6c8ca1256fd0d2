/** What a run is: its settings and data. A run is resumed only as what it was. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { jsonHash } from '../../base/hash.ts';
import { readJsonObject } from '../../base/json.ts';
import { checkSettings } from '../settings.ts';
import type { TrainSettings } from '../settings-schema.ts';

/** A run may go on elsewhere than it began. */
function withoutDevice<Settings extends { device?: unknown }>(settings: Settings): Omit<Settings, 'device'> {
  const { device: _, ...others } = settings;
  return others;
}

/** What decides about the steps, as JSON, where a field that is absent and one that is undefined are the same. */
function ofSteps({
  device: _,
  start_share: _share,
  average_with: _others,
  calibration: _sets,
  keep_states: _keep,
  ...settings
}: TrainSettings): unknown {
  return JSON.parse(JSON.stringify(settings));
}

const hashOf = (settings: unknown, dataHash: string): string => jsonHash([settings, dataHash]);

/**
 * sha256 of settings and data. Where the run that goes on in `output` (empty: none) was begun with settings that are equal but for those
 * that only make the final weights out of the trained ones (`start_share`, `average_with`, `calibration`) or say what is kept, it is that run's: its steps are the same. So it is
 * where an older version began it, with settings without fields that came later and have their defaults here.
 * @throws DataError when the settings of the run there cannot be read
 */
export function trainingIdentity(settings: TrainSettings, dataHash: string, output: string): string {
  const path = join(output, 'settings.json');
  if (output && existsSync(path)) {
    const begun = readJsonObject(path);
    try {
      if (isDeepStrictEqual(ofSteps(checkSettings(begun, path)), ofSteps(settings))) return hashOf(withoutDevice(begun), dataHash);
    } catch {
      // Settings that are no longer valid are those of another run.
    }
  }
  return hashOf(withoutDevice(settings), dataHash);
}

/** What a run of an identity ends as: its steps, and what the final weights are made with. */
export const runEnd = (identity: string, { start_share, average_with, calibration }: TrainSettings): string =>
  hashOf({ start_share, average_with, calibration }, identity);
