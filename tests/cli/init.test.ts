import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSettings, readSettingsFile } from '../../src/train/settings.ts';
import { callGlz } from '../call-glz.ts';
import { ROOT, temporaryFolder } from '../tiny-checkpoint.ts';

describe('glz init', () => {
  it('writes settings that are those of few-shot for the data that is named, and that glz train takes', async () => {
    const folder = temporaryFolder();
    const data = join(folder, 'own data.csv');
    writeFileSync(data, 'text,label\nlate parcel,delivery\nno parcel,delivery\nwrong bill,billing\n');
    const file = join(folder, 'mine.yaml');
    const { code, stderr } = await callGlz(['init', file, '--data', data]);
    expect([code, stderr]).toEqual([0, `${file} is written; then: glz train --config ${file} --output runs/own\n`]);
    const { checkpoint, ...preset } = readSettingsFile(join(ROOT, 'configs/train/few-shot.yaml'));
    const settings = checkSettings({ checkpoint, ...readSettingsFile(file) }, file);
    expect(settings).toEqual(checkSettings({ checkpoint, ...preset, data: [data] }, 'few-shot'));
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/\n# Passes over the data; may be a fraction\nepochs: 10\n/);
    // What has a # in front is taken where the # is removed.
    const all = text.replace(/^#(?! \S)/gm, '');
    writeFileSync(file, all);
    expect(Object.keys(readSettingsFile(file))).toEqual(expect.arrayContaining(['dev', 'checkpoint', 'label_separator']));
    checkSettings(readSettingsFile(file), file);
    expect(text.split('\n').every((line) => line.length <= 112)).toBe(true);
  });

  it('writes over no file, and names data that is not there', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'glz.yaml'), 'mine');
    expect(await callGlz(['init'], { cwd })).toMatchObject({
      code: 2,
      stderr: 'glz: glz.yaml is there already; name another file: glz init FILE\n',
    });
    expect(readFileSync(join(cwd, 'glz.yaml'), 'utf8')).toBe('mine');
    expect(await callGlz(['init', 'other.yaml', '--data', 'none.csv'], { cwd })).toMatchObject({
      code: 1,
      stderr: 'glz: --data none.csv: no such file\n',
    });
  });
});

it('glz train with nothing but data starts from what ships, and says so', async () => {
  const folder = temporaryFolder();
  const data = join(folder, 'own.csv');
  writeFileSync(data, 'text,label\nlate parcel,delivery\nno parcel,delivery\nwrong bill,billing\n');
  const { code, stderr, stdout } = await callGlz(['train', '--data', data, '--output', join(folder, 'run'), '--dry-run']);
  expect(stderr).toMatch(
    /^starts from the checkpoint that ships, with the preset few-shot \(another start: --checkpoint, --encoder; other settings: --config\)\n/,
  );
  expect(stdout).toMatch(/\n {2}steps +10, /);
  expect(code).toBe(0);
});
