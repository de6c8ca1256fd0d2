import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runEnd, trainingIdentity } from '../../../src/train/run/run-identity.ts';
import { checkSettings } from '../../../src/train/settings.ts';
import { temporaryFolder } from '../../tiny-checkpoint.ts';

const settings = (fields: Record<string, unknown> = {}) => checkSettings({ encoder: 'e', data: ['d.jsonl'], ...fields }, 'test');
/** A run's folder with the settings that it was begun with. */
function begunWith(fields: Record<string, unknown>): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(fields));
  return folder;
}

describe('the identity of a run', () => {
  it('hangs on settings and data, and not on the device', () => {
    const one = trainingIdentity(settings(), 'data', '');
    expect(trainingIdentity(settings({ device: 'cpu' }), 'data', '')).toBe(one);
    expect(trainingIdentity(settings({ seed: 2 }), 'data', '')).not.toBe(one);
    expect(trainingIdentity(settings(), 'other data', '')).not.toBe(one);
    // The folder of a run that was begun with the same settings changes nothing.
    expect(trainingIdentity(settings(), 'data', begunWith({ ...settings() }))).toBe(one);
  });

  it('stays that of a run which was begun before a field was there, as long as the field has its default', () => {
    const { start_share: _, device: __, ...older } = settings();
    const folder = begunWith(older);
    const its = createHash('sha256')
      .update(JSON.stringify([older, 'data']))
      .digest('hex');
    expect(trainingIdentity(settings(), 'data', '')).not.toBe(its);
    expect(trainingIdentity(settings(), 'data', folder)).toBe(its);
    expect(trainingIdentity(settings({ epochs: 3 }), 'data', folder)).not.toBe(its);
  });

  it('stays when only what makes the final weights changes: the steps are the same', () => {
    const folder = begunWith({ ...settings() });
    const its = trainingIdentity(settings(), 'data', '');
    expect(trainingIdentity(settings({ start_share: 0.2 }), 'data', folder)).toBe(its);
    expect(trainingIdentity(settings({ average_with: ['other/final'] }), 'data', folder)).toBe(its);
    expect(trainingIdentity(settings({ calibration: { data: 'sets' } }), 'data', folder)).toBe(its);
    expect(trainingIdentity(settings({ keep_states: true }), 'data', folder)).toBe(its);
    expect(trainingIdentity(settings({ start_share: 0.2, seed: 2 }), 'data', folder)).not.toBe(its);
    // What the run ends as tells them apart, but for what is kept.
    expect(runEnd(its, settings({ keep_states: true }))).toBe(runEnd(its, settings()));
    for (const other of [{ start_share: 0.2 }, { average_with: ['other/final'] }, { calibration: { data: 'sets' } }])
      expect(runEnd(its, settings(other))).not.toBe(runEnd(its, settings()));
    expect(runEnd('other', settings())).not.toBe(runEnd(its, settings()));
  });

  it('of another run is not taken, nor that of settings which are no longer valid', () => {
    const one = trainingIdentity(settings(), 'data', '');
    expect(trainingIdentity(settings(), 'data', begunWith({ ...settings({ seed: 5 }) }))).toBe(one);
    expect(trainingIdentity(settings(), 'data', begunWith({ nothing: 1 }))).toBe(one);
  });
});
