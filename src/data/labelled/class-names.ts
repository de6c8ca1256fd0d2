/**
 * What integer labels are called: by Hugging Face's `datasets` in the footer of Parquet, in `dataset_infos.json`, or in the front matter of a
 * dataset's README.md. Knows descriptions of data sets; nothing of records.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isObject } from '../../base/is-object.ts';
import { readJsonObject } from '../../base/json.ts';
import { parseYaml } from '../../base/yaml.ts';

/** Names of integer labels, in their order, by the field that has them. */
export type ClassNames = ReadonlyMap<string, readonly string[]>;

/** Where the files of a split are, as a README.md says it. */
export interface CardConfig {
  name: string;
  isDefault: boolean;
  /** Patterns of paths, by split; of all splits under an empty name. */
  files: ReadonlyMap<string, readonly string[]>;
}

/** What a folder says of its data set. */
export interface DatasetCard {
  /** Names of labels by configuration. */
  names: ReadonlyMap<string, ClassNames>;
  configs: readonly CardConfig[];
}

const NONE: ClassNames = new Map();

/** `["neg", "pos"]`, or `{'0': neg, '1': pos}` of YAML. */
function namesIn(value: unknown): string[] | undefined {
  const names = Array.isArray(value) ? (value as unknown[]) : isObject(value) ? Object.keys(value).map((_, at) => value[String(at)]) : [];
  return names.length && names.every((name) => typeof name === 'string' || typeof name === 'number') ? names.map(String) : undefined;
}

/** Names of a feature, or of the items of a list of them: as JSON has it, or YAML. */
function namesOfFeature(feature: unknown, depth = 0): string[] | undefined {
  if (depth > 3) return undefined;
  if (Array.isArray(feature)) return feature.length === 1 ? namesOfFeature(feature[0], depth + 1) : undefined;
  if (!isObject(feature)) return undefined;
  if (feature._type === 'ClassLabel') return namesIn(feature.names);
  if (isObject(feature.class_label)) return namesIn(feature.class_label.names);
  for (const inner of [feature.feature, feature.dtype, feature.list, feature.sequence, feature.large_list]) {
    const names = namesOfFeature(inner, depth + 1);
    if (names) return names;
  }
  return undefined;
}

function namesOfFeatures(features: unknown): ClassNames {
  const named: [unknown, unknown][] = Array.isArray(features)
    ? features.map((feature: unknown) => [isObject(feature) ? feature.name : undefined, feature])
    : isObject(features)
      ? Object.entries(features)
      : [];
  return new Map(
    named.flatMap(([name, feature]): [string, string[]][] => {
      const names = typeof name === 'string' ? namesOfFeature(feature) : undefined;
      return names ? [[name as string, names]] : [];
    }),
  );
}

/** Names in the footer of a Parquet file. */
export function namesOfFooter(footer: readonly { key: string; value?: string }[]): ClassNames {
  const text = footer.find(({ key }) => key === 'huggingface')?.value;
  try {
    const { info } = JSON.parse(text ?? '{}') as { info?: { features?: unknown } };
    return namesOfFeatures(info?.features);
  } catch {
    return NONE; // of another program
  }
}

/** Front matter of a dataset card grows with its configurations. */
const LARGEST_CARD = 1 << 18;

/** What stands between the marks at the beginning of a README.md. */
function frontMatter(folder: string): Record<string, unknown> {
  const path = join(folder, 'README.md');
  try {
    if (statSync(path).size > 1 << 24) return {};
    const text = /^---\r?\n([\s\S]*?)\r?\n---/.exec(readFileSync(path, 'utf8'))?.[1];
    const value = text === undefined ? {} : parseYaml(text, path, 'core', LARGEST_CARD);
    return isObject(value) ? value : {};
  } catch {
    return {}; // not written for us: what is missing then is said where it is needed
  }
}

function infosIn(folder: string): [string, ClassNames][] {
  const read = (name: string): Record<string, unknown> | undefined => {
    try {
      return existsSync(join(folder, name)) ? readJsonObject(join(folder, name)) : undefined;
    } catch {
      return undefined;
    }
  };
  const own = read('dataset_info.json');
  if (own) return [['default', namesOfFeatures(own.features)]];
  return Object.entries(read('dataset_infos.json') ?? {}).map(([name, info]) => [
    name,
    namesOfFeatures(isObject(info) ? info.features : undefined),
  ]);
}

function configOf(value: unknown): CardConfig[] {
  if (!isObject(value) || value.data_files === undefined) return [];
  const patterns = (paths: unknown): string[] => [paths].flat().filter((path): path is string => typeof path === 'string');
  const files = new Map<string, string[]>();
  for (const each of [value.data_files].flat() as unknown[]) {
    const split = isObject(each) && typeof each.split === 'string' ? each.split : '';
    files.set(split, [...(files.get(split) ?? []), ...patterns(isObject(each) ? each.path : each)]);
  }
  return [{ name: String(value.config_name ?? 'default'), isDefault: value.default === true, files }];
}

/** What a folder says of its data set; nothing where it says nothing that can be read. */
export function datasetCard(folder: string): DatasetCard {
  const { dataset_info: info, configs } = frontMatter(folder);
  const named = [info]
    .flat()
    .flatMap((each: unknown): [string, ClassNames][] =>
      isObject(each) ? [[String(each.config_name ?? 'default'), namesOfFeatures(each.features)]] : [],
    );
  const list = Array.isArray(configs) ? (configs as unknown[]) : [];
  return { names: new Map([...infosIn(folder), ...named]), configs: list.flatMap(configOf) };
}

/** Names for a configuration: of it, or of the only one there is. */
export function namesOfCard({ names }: DatasetCard, config: string | undefined): ClassNames {
  const [only] = names.values();
  return (config === undefined ? undefined : names.get(config)) ?? names.get('default') ?? (names.size === 1 ? only : undefined) ?? NONE;
}

/** Names for a file: what its folder or the two above say, of the configuration that is called as a folder on the way. */
export function namesNear(file: string): ClassNames {
  let folder = dirname(resolve(file));
  let below: string | undefined = basename(folder);
  for (let level = 0; level < 3; level++) {
    const names = namesOfCard(datasetCard(folder), below);
    if (names.size) return names;
    below = basename(folder);
    if (dirname(folder) === folder) break;
    folder = dirname(folder);
  }
  return NONE;
}
