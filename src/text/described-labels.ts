/**
 * Labels that say more than a word, as users write them: names, objects with a description and examples, trees. Checked, and turned into what a
 * model reads.
 */
import type { DataError, UsageError } from '../base/errors.ts';
import { type LabelPlaces, twoPlaces } from './label-places.ts';
import type { LabelSet, ReadLabel } from './label-texts.ts';
import { abbreviated, cleanLabels } from './labels.ts';

/** A label with what it means. */
export interface Label {
  /** The name, which comes out as the answer. */
  readonly label: string;
  /** What it means, in a sentence: read with the name. */
  readonly description?: string | null;
  /** Texts that have it; with three of them half of what the model looks for is theirs. */
  readonly examples?: readonly string[] | null;
  /** The label that this one is a kind of. */
  readonly parent?: string | null;
  /** Labels that are kinds of this one. */
  readonly children?: readonly LabelInput[] | null;
}

/** A label as a caller gives it. */
export type LabelInput = string | Label;

type ErrorType = typeof UsageError | typeof DataError;
type Fields = Readonly<Record<string, unknown>>;

/** A label with its place among the others, whichever form it was given in. */
export interface LabelNode {
  name: string;
  description?: string;
  examples: readonly string[];
  /** Number of the node above; -1 at the top. */
  parent: number;
}

interface Node extends LabelNode {
  /** A name that is yet to be found among the labels. */
  above?: string;
  where: string;
}

const FIELDS = ['label', 'description', 'examples', 'parent', 'children'];

/** Examples that a label may have: more hardly move it. */
export const MOST_EXAMPLES = 100;

/** Levels that a tree may have. */
const DEEPEST = 32;

/** Share of the description in what stands for a label: as much as its name's (docs/labels.md has what it is measured by). */
const DESCRIPTION_SHARE = 0.5;

/** Share of all examples of a label together: a quarter of one, half of three, never more than 0.6. */
const examplesShare = (count: number): number => Math.min(0.6, count / (count + 3));

/** A plain object: no list, and no Set, Map or Date, of whose contents nothing would be seen. */
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
const isNothing = (value: unknown): boolean => value === undefined || value === null || value === '';

/** Whether text holds anything but spaces and control characters. */
const saysSomething = (text: string): boolean => /[^\p{C}\p{Z}\s]/u.test(text);

/** What a model reads for a label with these. */
export function readLabel(name: string, description?: string, examples: readonly string[] = []): ReadLabel {
  if (description === undefined && examples.length === 0) return name;
  const ofExamples = examplesShare(examples.length);
  const ofDescription = description === undefined ? 0 : DESCRIPTION_SHARE * (1 - ofExamples);
  return {
    name,
    reading: description === undefined ? name : `${name}: ${description}`,
    readings: [name, ...(description === undefined ? [] : [description]), ...examples],
    shares: [
      1 - ofExamples - ofDescription,
      ...(description === undefined ? [] : [ofDescription]),
      ...examples.map(() => ofExamples / examples.length),
    ],
    ...(examples.length > 0 ? { examples: examples.length } : {}),
  };
}

/** Whether an object says what a label means, and is no object of labels: `{ description, examples }`. */
const areFields = (value: unknown): value is Fields =>
  isObject(value) && Object.keys(value).length > 0 && Object.keys(value).every((field) => field !== 'label' && FIELDS.includes(field));

/** Fields in which others have the name of a label. */
const OTHER_NAMES = ['name', 'id', 'text', 'title', 'value'];

/** Says what is wrong. */
type Fail = (what: string) => never;

/** The labels of lists and objects in each other, in the order in which they stand. */
function nodesOf(value: unknown, where: string, fail: Fail, { lineOf }: LabelPlaces): Node[] {
  const nodes: Node[] = [];

  function add(fields: Fields, spot: string, parent: number, depth: number): void {
    const unknown = Object.keys(fields).find((field) => !FIELDS.includes(field));
    if (unknown !== undefined) fail(`${spot} has "${abbreviated(unknown)}"; there are ${FIELDS.join(', ')}`);
    if (typeof fields.label !== 'string') fail(`${spot} is not text`);
    const name = (fields.label as string).trim();
    if (name === '') fail(`${spot} is empty`);
    const text = (field: string): string | undefined => {
      const given = fields[field];
      if (isNothing(given)) return undefined;
      if (typeof given !== 'string') fail(`${spot}, field "${field}" must be text`);
      if (!saysSomething(given as string))
        fail(`${spot}, field "${field}" holds nothing but spaces and control characters: write text, or leave it out`);
      return (given as string).trim();
    };
    const examples = isNothing(fields.examples) ? [] : fields.examples;
    if (!Array.isArray(examples) || !Array.from(examples).every((example) => typeof example === 'string' && example.trim() !== ''))
      fail(`${spot}, field "examples" must be a list of texts`);
    const blank = (examples as string[]).findIndex((example) => !saysSomething(example));
    if (blank >= 0) fail(`${spot}, field "examples": example ${blank + 1} holds nothing but control characters: leave it out`);
    if ((examples as unknown[]).length > MOST_EXAMPLES)
      fail(`${spot}, field "examples": ${(examples as unknown[]).length} given, ${MOST_EXAMPLES} at most; train on so many (glz train)`);
    const above = text('parent');
    if (above !== undefined && parent >= 0) fail(`${spot} has a "parent" and stands below another label`);
    const number = nodes.length;
    nodes.push({ name, description: text('description'), examples: examples as string[], parent, above, where: spot });
    const { children } = fields;
    if (isNothing(children)) return;
    if (depth >= DEEPEST) fail(`${spot}: labels are nested more than ${DEEPEST} levels deep`);
    if (!Array.isArray(children) && !isObject(children)) fail(`${spot}, field "children" must be a list of labels`);
    addAll(children, spot, number, depth + 1);
  }

  /** A list of labels, or an object of names with what they mean: a description, or labels that are kinds of them. */
  function addAll(all: unknown, spot: string, parent: number, depth: number): void {
    if (!Array.isArray(all)) {
      for (const [label, each] of Object.entries(all as Fields)) {
        const own = `${spot}, "${abbreviated(label)}"`;
        if (areFields(each)) add({ ...each, label }, own, parent, depth);
        else if (typeof each === 'string' || isNothing(each)) add({ label, description: each }, own, parent, depth);
        else if (Array.isArray(each) || isObject(each)) add({ label, children: each }, own, parent, depth);
        else fail(`${own} must be a description, or a list or object of labels that are kinds of it`);
      }
      return;
    }
    for (const [at, item] of all.entries()) {
      const own = depth === 1 && lineOf ? `${spot}, line ${lineOf(at)}: label ${at + 1}` : `${spot}: label ${at + 1}`;
      if (!isObject(item)) add({ label: item }, own, parent, depth);
      else if (Object.hasOwn(item, 'label')) add(item, own, parent, depth);
      // `- sport: ball games` in YAML.
      else if (Object.keys(item).length === 1 && ![...FIELDS, ...OTHER_NAMES].includes(Object.keys(item)[0]))
        addAll(item, own, parent, depth);
      else fail(`${own} is an object without "label"`);
    }
  }

  addAll(value, where, -1, 1);
  return nodes;
}

/** Puts each label below the one that it names; a name that is no label of the list becomes one. */
function resolveParents(nodes: Node[], fail: Fail): void {
  const byName = new Map<string, number[]>();
  for (const [at, { name }] of nodes.entries()) {
    const alike = byName.get(name);
    if (alike) alike.push(at);
    else byName.set(name, [at]);
  }
  for (const node of [...nodes]) {
    if (node.above === undefined) continue;
    const found = byName.get(node.above) ?? [];
    if (found.length > 1) fail(`${node.where}: its parent "${abbreviated(node.above)}" is the name of ${found.length} labels`);
    if (found.length === 0) {
      found.push(nodes.length);
      byName.set(node.above, found);
      nodes.push({ name: node.above, examples: [], parent: -1, where: node.where });
    }
    node.parent = found[0];
  }
  for (const node of nodes) {
    let depth = 1;
    for (let at = node.parent; at >= 0; at = nodes[at].parent)
      if (++depth > DEEPEST) fail(`${node.where}: labels are nested more than ${DEEPEST} levels deep, or below themselves`);
  }
}

/** Finds a label that stands twice at one place. */
function refuseTwice(nodes: readonly Node[], fail: Fail, places: LabelPlaces): void {
  const first = new Map<string, number>();
  for (const [at, { name, parent, where }] of nodes.entries()) {
    const key = `${parent} ${name}`;
    const before = first.get(key);
    if (before !== undefined)
      fail(
        `${where.replace(/(?:, line \d+)?: label \d+$/, '')}: label "${abbreviated(name)}" occurs twice (${twoPlaces(name, before, at, places)})`,
      );
    first.set(key, at);
  }
}

/** A name as models read it that take no notice of case and accents. */
const folded = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/\s+/g, ' ')
    .toLowerCase();

/**
 * What is read for the name of each node: "Other" below two labels has the name above it in front, and where that is the same too those
 * above it, so that the model can tell them apart.
 */
function saidNames(nodes: readonly Node[]): string[] {
  const said = nodes.map(({ name }) => name);
  /** The node above those whose names are said. */
  const above = nodes.map(({ parent }) => parent);
  for (let isChanged = true; isChanged; ) {
    isChanged = false;
    const times = new Map<string, number>();
    for (const name of said.map(folded)) times.set(name, (times.get(name) ?? 0) + 1);
    for (const [at, name] of said.entries()) {
      if (above[at] < 0 || times.get(folded(name)) === 1) continue;
      const { name: next, parent } = nodes[above[at]];
      said[at] = `${next}: ${name}`;
      above[at] = parent;
      isChanged = true;
    }
  }
  return said;
}

function setOf(nodes: readonly Node[]): LabelSet {
  const names = saidNames(nodes);
  const labels = nodes.map(({ name, description, examples }, at) => {
    const said = names[at];
    if (said === name) return readLabel(name, description, examples);
    const read = readLabel(said, description, examples);
    return typeof read === 'string' ? { name, reading: said, readings: [said], shares: [1] } : { ...read, name };
  });
  const parents = nodes.map(({ parent }) => parent);
  return parents.some((parent) => parent >= 0) ? { labels, parents } : { labels };
}

/** Names alone, or nodes. @throws as {@link labelSet} */
function readValue(given: unknown, where: string, error: ErrorType, places: LabelPlaces = {}): { names: string[] } | { nodes: Node[] } {
  const value =
    isObject(given) && typeof given.label === 'string' && Object.keys(given).every((field) => FIELDS.includes(field)) ? [given] : given;
  if (isObject(value) && Object.keys(value).length === 1 && /^(candidate_)?labels$/i.test(Object.keys(value)[0]))
    throw new error(`${where}: labels under the name "${Object.keys(value)[0]}"; give the list alone`);
  const isPlain = Array.isArray(value) ? Array.from(value).every((label) => typeof label === 'string') : !isObject(value);
  if (isPlain) return { names: cleanLabels(value, where, error, places) };
  const fail: Fail = (what) => {
    throw new error(what);
  };
  const nodes = nodesOf(value, where, fail, places);
  if (nodes.length === 0) return { names: cleanLabels([], where, error) };
  resolveParents(nodes, fail);
  refuseTwice(nodes, fail, places);
  return { nodes };
}

/**
 * Labels out of a parsed value: a list of names or {@link Label}s, or an object of names with a description, or with labels below them.
 * @param where names the value in messages
 * @param places tells lines in them
 * @throws ErrorType naming the label and the field
 */
export function labelSet(given: unknown, where: string, error: ErrorType, places?: LabelPlaces): LabelSet {
  const read = readValue(given, where, error, places);
  return 'names' in read ? { labels: read.names } : setOf(read.nodes);
}

/** What was said of the labels of a set. */
export const labelNodes = ({ labels, parents }: LabelSet): LabelNode[] =>
  labels.map((label, at) => {
    const parent = parents?.[at] ?? -1;
    if (typeof label === 'string') return { name: label, examples: [], parent };
    // Behind the name, which is read first.
    const said = label.readings.slice(1);
    const examples = said.splice(said.length - (label.examples ?? 0));
    return { name: label.name, description: said[0], examples, parent };
  });

/** Labels as a list, those that are kinds of another in its `children`. */
export function nestedLabels(nodes: readonly LabelNode[]): LabelInput[] {
  const below = new Map<number, number[]>();
  for (const [at, { parent }] of nodes.entries()) {
    const siblings = below.get(parent);
    if (siblings) siblings.push(at);
    else below.set(parent, [at]);
  }
  const inputOf = (at: number): LabelInput => {
    const { name, description, examples } = nodes[at];
    const fields = {
      ...(description === undefined ? {} : { description }),
      ...(examples.length > 0 ? { examples } : {}),
      ...(below.has(at) ? { children: below.get(at)!.map(inputOf) } : {}),
    };
    return Object.keys(fields).length > 0 ? { label: name, ...fields } : name;
  };
  return below.get(-1)!.map(inputOf);
}

/** The same labels in one form, whichever they were given in: {@link nestedLabels}. @throws as {@link labelSet} */
export function labelInputs(given: unknown, where: string, error: ErrorType): LabelInput[] {
  const read = readValue(given, where, error);
  return 'names' in read ? read.names : nestedLabels(read.nodes);
}

/** A set's names, where nothing but names can be used. @throws ErrorType for descriptions, examples and levels */
export function namesAlone({ labels, parents }: LabelSet, where: string, error: ErrorType): string[] {
  if (parents) throw new error(`${where}: labels in levels, where only a list of names is read`);
  const more = labels.find((label) => typeof label !== 'string');
  if (more) throw new error(`${where}: label "${abbreviated(more.name)}" has a description or examples, where only names are read`);
  return labels as string[];
}
