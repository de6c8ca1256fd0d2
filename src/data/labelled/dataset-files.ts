/**
 * Which files of a folder are data to train on or to test with: by their names, or as a README.md says it (Hugging Face's datasets). Knows
 * names of files; nothing of what is in them.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { DataError, errorMessage } from '../../base/errors.ts';
import { sourceName } from '../source-record.ts';
import { type CardConfig, type ClassNames, datasetCard, namesNear, namesOfCard } from './class-names.ts';

/** What data is for. */
export type Split = 'train' | 'test';

/** Data for a use. */
export interface DatasetFiles {
  /** What it is called in tables. */
  name: string;
  files: string[];
  /** What integer labels are called, where the folder says it. */
  names: ClassNames;
}

/** Words in names of files, by split, as `datasets` takes them. */
const SPLIT_WORDS: readonly (readonly [split: string, words: RegExp])[] = [
  ['train', /(?:^|[^a-z])(?:train|training)(?:[^a-z]|$)/],
  ['validation', /(?:^|[^a-z])(?:validation|valid|dev|val)(?:[^a-z]|$)/],
  ['test', /(?:^|[^a-z])(?:test|testing|eval|evaluation)(?:[^a-z]|$)/],
];

/** Splits that serve a use, the better ones first. */
const SERVES: Readonly<Record<Split, readonly string[]>> = { train: ['train'], test: ['test', 'validation'] };

const DATA = /\.(?:parquet|pq|jsonl|ndjson|json|csv|tsv)(?:\.(?:gz|zst))?$/i;
/** fastText's files have endings of their own. */
const TEXTS = /\.(?:txt|train|valid|test)$/i;
const OTHERS = /^(?:dataset_infos?|dataset_dict|state|labels|config|tokenizer|tokenizer_config|package|run|settings)\.json$/i;
const PLACES = ['', 'data'];

/** More files are no data set, and would take long to list. */
const MOST_FILES = 20_000;

const splitOf = (name: string): string | undefined => SPLIT_WORDS.find(([, words]) => words.test(name.toLowerCase()))?.[0];

const filesIn = (folder: string, below = ''): string[] =>
  readdirSync(join(folder, below), { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => join(below, name));

/** Files in a folder where a data set has them: in it, in `data`, and in folders that are called as splits there. */
function usualFiles(folder: string): string[] {
  return PLACES.filter((place) => place === '' || isFolder(join(folder, place))).flatMap((place) => {
    const splits = readdirSync(join(folder, place)).filter((name) => splitOf(name) !== undefined && isFolder(join(folder, place, name)));
    return [...filesIn(folder, place), ...splits.flatMap((name) => filesIn(folder, join(place, name)))];
  });
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** A pattern of paths (`data/train-*`) as an expression. */
function patternOf(glob: string): RegExp {
  const text = glob.replace(/^\.\//, '').replace(/\*\*\/?|[*?.+^$()|\\{},]/g, (mark) => {
    if (mark.startsWith('**')) return mark.endsWith('/') ? '(?:.*/)?' : '.*';
    const of: Record<string, string> = { '*': '[^/]*', '?': '[^/]', '{': '(?:', '}': ')', ',': '|' };
    return of[mark] ?? `\\${mark}`;
  });
  try {
    return new RegExp(`^${text}$`);
  } catch {
    return /$^/;
  }
}

/** Files by split as a configuration names them. */
function configFiles(folder: string, { files }: CardConfig): Map<string, string[]> {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.split(sep).join('/'));
  if (all.length > MOST_FILES) throw new DataError(`${folder}: more than ${MOST_FILES} files; name the folder of one data set`);
  const found = new Map<string, string[]>();
  for (const [named, patterns] of files)
    for (const pattern of patterns.map(patternOf))
      for (const name of all.filter((each) => pattern.test(each) && DATA.test(each)).sort()) {
        const split = splitOf(named) ?? splitOf(name) ?? '';
        found.set(split, [...(found.get(split) ?? []), name]);
      }
  return found;
}

/** Files by split as their names say it; of names that say nothing under an empty one. */
function namedFiles(folder: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of usualFiles(folder).sort()) {
    if (OTHERS.test(basename(name))) continue;
    const split = splitOf(name);
    if (!DATA.test(name) && !(split && TEXTS.test(name))) continue;
    found.set(split ?? '', [...(found.get(split ?? '') ?? []), name]);
  }
  return found;
}

function bySplit(folder: string): { files: Map<string, string[]>; config?: string } {
  const { configs } = datasetCard(folder);
  const one =
    configs.find(({ isDefault }) => isDefault) ??
    configs.find(({ name }) => name === 'default') ??
    (configs.length === 1 ? configs[0] : undefined);
  if (configs.length && !one)
    throw new DataError(
      `${folder}: several data sets (${configs
        .slice(0, 8)
        .map(({ name }) => name)
        .join(', ')}${configs.length > 8 ? ', ...' : ''}); name the folder or the files of one`,
    );
  const files = one ? configFiles(folder, one) : new Map<string, string[]>();
  return files.size ? { files, config: one!.name } : { files: namedFiles(folder) };
}

/** Whether a folder of that name is a part of a data set. */
export const isSplitName = (name: string): boolean => name === 'data' || splitOf(name) !== undefined;

/** Whether a folder has files that say that they serve a use. */
export const hasSplit = (folder: string, use: Split): boolean => SERVES[use].some((split) => bySplit(folder).files.has(split));

/** Whether a folder has files of a data set, other than a set's own `test.jsonl`. */
export function isDatasetFolder(folder: string): boolean {
  if (existsSync(join(folder, 'dataset_dict.json')) || existsSync(join(folder, 'state.json'))) return true;
  return datasetCard(folder).configs.length > 0 || namedFiles(folder).size > 0;
}

/**
 * The files of a path that serve a use: the file itself, stdin for `-`, or those of a folder.
 * @throws DataError for a folder that has none, only those of the other use, several data sets, or Arrow
 */
export function datasetFiles(path: string, use: Split): DatasetFiles {
  if (path === '-') return { name: sourceName(path), files: [path], names: new Map() };
  if (!isFolder(path)) {
    const name = basename(path)
      .replace(/(?:\.(?:jsonl|ndjson|json|csv|tsv|parquet|pq|txt))?(?:\.(?:gz|zst))?$/i, '')
      .replace(/-\d{5}-of-\d{5}$/, '');
    return { name, files: [path], names: namesNear(path) };
  }
  const arrow = existsSync(join(path, 'dataset_dict.json')) || existsSync(join(path, 'state.json'));
  let found: ReturnType<typeof bySplit>;
  try {
    found = bySplit(path);
  } catch (error) {
    throw error instanceof DataError ? error : new DataError(`cannot read ${path}: ${errorMessage(error)}`);
  }
  const { files, config } = found;
  const split = SERVES[use].find((each) => files.has(each)) ?? (files.has('') ? '' : undefined);
  if (split === undefined) {
    if (arrow)
      throw new DataError(
        `${path}: Arrow files of datasets' save_to_disk, which are not read; write it with to_parquet or to_json instead`,
      );
    const others = [...files.keys()].join(', ');
    throw new DataError(
      others
        ? `${path}: has ${others} and nothing to ${use === 'train' ? 'train on' : 'test with'}; name the files that serve`
        : `${path}: a folder without data files (.parquet, .jsonl, .json, .csv, .tsv)`,
    );
  }
  const own = namesOfCard(datasetCard(path), config);
  const names = own.size ? own : namesNear(join(path, 'file'));
  return { name: basename(resolve(path)), files: files.get(split)!.map((name) => join(path, name)), names };
}
