/** Settings of a training run out of a file and what is put over it; what the fields do is in the neighbours. */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { errorMessage, UsageError } from '../base/errors.ts';
import { parseYaml } from '../base/yaml.ts';
import type { LossSettings } from '../model/loss.ts';
import { ARTICLE_OPTIONS, type GliZNetOptions } from '../model/options.ts';
import type { Declarations } from '../options/declaration.ts';
import { camelKeys } from '../options/names.ts';
import { checkedSettings } from '../options/settings-check.ts';
import { settingFlags } from '../options/settings-table.ts';
import { TRAIN_FLAGS, TRAIN_SETTING_FLAGS } from '../options/train.ts';
import { type TrainSettings, trainSettingsSchema } from './settings-schema.ts';

/** Flags of `glz train`. */
export function trainFlags(): Declarations {
  const { config, ...others } = TRAIN_FLAGS;
  return { config, ...settingFlags(trainSettingsSchema, TRAIN_SETTING_FLAGS), ...others };
}

/** Settings before the schema filled them in. */
export type PartialSettings = Record<string, unknown>;

/** Checks settings and fills in what is not said. @throws UsageError naming the field. */
export const checkSettings = (settings: unknown, where: string): TrainSettings => checkedSettings(trainSettingsSchema, settings, where);

/** Reads a settings file; paths in it become relative to the current folder. @throws UsageError naming file and field. */
export function readSettingsFile(path: string): PartialSettings {
  let value: unknown;
  try {
    value = parseYaml(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read the settings ${path}: ${errorMessage(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UsageError(`${path}: no settings, expected fields`);
  const settings = value as PartialSettings;
  const located = (file: unknown) => (typeof file === 'string' && !isAbsolute(file) ? join(dirname(path), file) : file);
  if (Array.isArray(settings.data))
    settings.data = settings.data.map((each: unknown) =>
      typeof each === 'object' && each !== null ? { ...each, path: located((each as { path?: unknown }).path) } : located(each),
    );
  // A start that is a hub id stays as it is; one that begins with a dot is beside the settings file.
  for (const start of ['encoder', 'checkpoint'])
    if (typeof settings[start] === 'string' && settings[start].startsWith('.')) settings[start] = located(settings[start]);
  if (Array.isArray(settings.average_with))
    settings.average_with = settings.average_with.map((each: unknown) =>
      typeof each === 'string' && each.startsWith('.') ? located(each) : each,
    );
  const loss = settings.loss as { teacher?: unknown } | undefined;
  if (typeof loss?.teacher === 'string' && loss.teacher.startsWith('.')) loss.teacher = located(loss.teacher);
  for (const sets of [settings.dev, settings.calibration] as ({ data?: unknown } | null | undefined)[])
    if (typeof sets === 'object' && sets !== null) sets.data = located(sets.data);
  return settings;
}

/** Gives an object a field of its own, also one that is called as what every object has (`__proto__`): no field of the settings is. */
function setOwn(target: PartialSettings, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Puts `a.b.c` fields over settings. */
export function overrideSettings(settings: PartialSettings, overrides: Readonly<Record<string, unknown>>): PartialSettings {
  const result = structuredClone(settings);
  for (const [path, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    const keys = path.split('.');
    let target = result;
    for (const key of keys.slice(0, -1)) {
      if (!Object.hasOwn(target, key) || typeof target[key] !== 'object' || target[key] === null) setOwn(target, key, {});
      target = target[key] as PartialSettings;
    }
    setOwn(target, keys.at(-1)!, value);
  }
  return result;
}

/** The model options that settings ask for. */
export function modelOptions({ model }: TrainSettings): GliZNetOptions {
  const { scale: _scale, bias: _bias, gate: _gate, ...options } = model;
  return { ...camelKeys(options), calibration: { ...ARTICLE_OPTIONS.calibration } };
}

/** The loss that settings ask for. */
export function lossSettings({ loss }: TrainSettings): LossSettings {
  const { teacher: _teacher, distill_scale: _scale, ...terms } = loss;
  return camelKeys(terms);
}
