/**
 * Which regular expressions of a `tokenizer.json` are safe to run. The native library's engine (Oniguruma) goes back step by step where a
 * match fails; after ten million steps it gives up, and the library ends the process. So an expression is accepted only if it is read here
 * completely, and can be seen to take time in proportion to the text: those of all known tokenizers can.
 */

/** A class of characters with how often it may come, or something that takes no characters, or a group. */
interface Item {
  /** The class as it is written; undefined for groups and assertions. */
  atom?: string;
  /** Alternatives of a group. */
  group?: Item[][];
  /** Looks at characters without taking them: `\b`, `(?!...)`. */
  isAssertion: boolean;
  least: number;
  most: number;
  /** Takes all it can and gives nothing back. */
  isPossessive: boolean;
}

const LONGEST_PATTERN = 4096;
const DEEPEST_GROUP = 8;
/** A count up to this is a constant factor; with a wider range it is taken for one without limit. */
const WIDEST_RANGE = 16;
const LARGEST_COUNT = 256;
/** Ways to match one beginning of an alternative, before a failure behind it is final. */
const MOST_WAYS = 16;

class Unsafe extends Error {}

/** Reads a pattern; what it does not know, it refuses. */
function parsePattern(pattern: string): Item[][] {
  const sticky = (expression: RegExp): string | undefined => {
    expression.lastIndex = at;
    const found = expression.exec(pattern)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  let at = 0;

  function charClass(): string {
    const start = at;
    let depth = 0;
    do {
      const char = pattern[at];
      if (char === undefined) throw new Unsafe('a class is not closed');
      if (char === '\\') at++;
      else if (char === '[') {
        depth++;
        if (pattern[at + 1] === ']' || pattern.startsWith('[^]', at)) throw new Unsafe('a class begins with a bracket');
      } else if (char === ']') depth--;
      at++;
    } while (depth > 0);
    return pattern.slice(start, at);
  }

  function group(depth: number): Pick<Item, 'group' | 'isAssertion'> {
    if (depth > DEEPEST_GROUP) throw new Unsafe('groups are nested too deeply');
    const opening = sticky(/\((?:\?(?:[=!>:]|<[=!]|[ims]+(?:-[ims]+)?:|<[A-Za-z]\w*>)|(?!\?))/y);
    if (opening === undefined) throw new Unsafe('it has an unknown kind of group');
    const branches = alternatives(depth + 1);
    if (pattern[at] !== ')') throw new Unsafe('a group is not closed');
    at++;
    return { group: branches, isAssertion: /^\(\?<?[=!]$/.test(opening) };
  }

  function single(depth: number): Pick<Item, 'atom' | 'group' | 'isAssertion'> {
    const char = pattern[at]!;
    if (char === '(') return group(depth);
    if (char === '[') return { atom: charClass(), isAssertion: false };
    if (sticky(/\\[bBAzZ]|[\^$]/y) !== undefined) return { isAssertion: true };
    const escaped = sticky(/\\(?:[pP]\{\^?[\w ]+\}|x\{[\da-fA-F]{1,6}\}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|[sSdDwWhHnrtfvae]|[^\w\s])/uy);
    if (escaped !== undefined) return { atom: escaped, isAssertion: false };
    if (char === '\\' || '*+?{})]|'.includes(char)) throw new Unsafe(`"${pattern.slice(at, at + 2)}" is not known here`);
    return { atom: sticky(/./suy)!, isAssertion: false };
  }

  function item(depth: number): Item {
    const what = single(depth);
    const quantifier = sticky(/[*+?]|\{\d*(?:,\d*)?\}/y);
    let [least, most] = [1, 1];
    if (quantifier === '*') [least, most] = [0, Number.POSITIVE_INFINITY];
    else if (quantifier === '+') [least, most] = [1, Number.POSITIVE_INFINITY];
    else if (quantifier === '?') [least, most] = [0, 1];
    else if (quantifier !== undefined) {
      const [low, high] = quantifier.slice(1, -1).split(',');
      if (!low && !high) throw new Unsafe(`the count "${quantifier}" is none`);
      least = Number(low);
      most = high === undefined ? least : high === '' ? Number.POSITIVE_INFINITY : Number(high);
      if (least > LARGEST_COUNT || (Number.isFinite(most) && most > LARGEST_COUNT) || most < least)
        throw new Unsafe(`the count "${quantifier}" is too large`);
    }
    const mode = quantifier === undefined ? undefined : sticky(quantifier.startsWith('{') ? /\?/y : /[?+]/y);
    if (quantifier !== undefined && sticky(/[*+?]|\{\d*(?:,\d*)?\}/y) !== undefined) throw new Unsafe('a repetition is repeated');
    if (what.isAssertion && quantifier !== undefined) throw new Unsafe('something without characters is repeated');
    return { ...what, least, most, isPossessive: mode === '+' };
  }

  function alternatives(depth: number): Item[][] {
    const branches: Item[][] = [[]];
    while (at < pattern.length && pattern[at] !== ')') {
      if (pattern[at] === '|') {
        at++;
        branches.push([]);
      } else branches.at(-1)!.push(item(depth));
    }
    return branches;
  }

  const branches = alternatives(0);
  if (at < pattern.length) throw new Unsafe('a bracket is closed that was not opened');
  return branches;
}

const isUnbounded = ({ least, most }: Item): boolean => most - least > WIDEST_RANGE;
/** Whether a match can fail at this item. */
const canFail = ({ least, isAssertion }: Item): boolean => isAssertion || least > 0;
/** Fewest characters of an alternative. */
const leastLength = (branch: readonly Item[]): number =>
  branch.reduce((sum, { least, isAssertion, group }) => {
    if (isAssertion) return sum;
    return sum + least * (group ? Math.min(...group.map(leastLength)) : 1);
  }, 0);

/** Always the same number of characters, in one way only. */
const isFixed = ({ least, most, group, isAssertion }: Item): boolean =>
  !isAssertion && least === most && (group === undefined || (group.length === 1 && group[0]!.every(isFixed)));

function checkNoRepetition(branches: readonly Item[][]): void {
  for (const item of branches.flat()) {
    if (isUnbounded(item)) throw new Unsafe('it looks ahead or back without a limit');
    if (item.group) checkNoRepetition(item.group);
  }
}

/** What a failure behind it makes an alternative try again. */
interface Retries {
  /** Classes that are repeated without limit in front of something that can fail. */
  repeated: string[];
  ways: number;
}

function retriesOf(branch: readonly Item[], failsBehind: boolean, retries: Retries): Retries {
  for (const [at, item] of branch.entries()) {
    const { group, atom, least, most, isAssertion, isPossessive } = item;
    const failsAfter = failsBehind || branch.slice(at + 1).some(canFail);
    if (isAssertion) {
      if (group) checkNoRepetition(group);
      continue;
    }
    if (group && most > 1) {
      // What is repeated has to have one way to match, or the ways multiply with each time.
      if (group.length > 1 || !group[0]!.every(isFixed)) throw new Unsafe('a group with several ways to match is repeated');
    } else if (group) for (const inner of group) retriesOf(inner, failsAfter, retries);
    if (!failsAfter || isPossessive) continue;
    if (isUnbounded(item)) retries.repeated.push(atom ?? '(group)');
    else retries.ways *= most - least + 1;
    if (group) retries.ways *= group.length;
  }
  return retries;
}

/** Whether an alternative takes all of a run of this class, with nothing behind that could fail. */
function takesRun(branch: readonly Item[], atom: string): boolean {
  const at = branch.findIndex((item) => item.atom === atom && item.least <= 1 && item.most === Number.POSITIVE_INFINITY);
  return at >= 0 && !branch.slice(0, at).some(canFail) && !branch.slice(at + 1).some(canFail);
}

/** A character of each kind that classes tell apart. */
const PROBES = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
  ...'\u0085\u00a0«²½ßéÉʰǅΩжאم١ा語あア한。，、…Ⅷ\u0301\u200d\u2028😀',
];

/** The probes that a class takes; all where only the native library can read it. */
function probesOf(atom: string): string[] {
  try {
    const test = new RegExp(`^(?:${atom})$`, 'v');
    return PROBES.filter((probe) => test.test(probe));
  } catch {
    return PROBES;
  }
}

/** Whether an alternative may take a few characters of a run of a class and leave the rest. */
function takesPiece(branch: readonly Item[], run: ReadonlySet<string>): boolean {
  const fits = ({ atom, group }: Item): boolean =>
    group ? group.some((inner) => takesPiece(inner, run)) : probesOf(atom!).some((probe) => run.has(probe));
  return branch.every((item) => item.isAssertion || item.least === 0 || fits(item));
}

/** Whether runs of a class, which an alternative goes over in vain, are then taken whole, and not in pieces. */
function isTakenWhole(branches: readonly Item[][], atom: string): boolean {
  const taker = branches.findIndex((branch) => takesRun(branch, atom));
  if (taker < 0) return false;
  const run = new Set(probesOf(atom));
  return branches
    .slice(0, taker)
    .every((branch) => branch.some((item) => item.atom === atom && isUnbounded(item)) || !takesPiece(branch, run));
}

/**
 * Why a regular expression is not run, or undefined if it is safe: it takes steps in proportion to the text, whatever the text is.
 * A repetition in front of something that can fail is tried at each character of a run, so another alternative has to take that run.
 */
export function patternFault(pattern: string): string | undefined {
  if (pattern.length > LONGEST_PATTERN) return `it has ${pattern.length} characters`;
  try {
    let branches = parsePattern(pattern);
    // Brackets around the whole change nothing.
    while (branches.length === 1 && branches[0]!.length === 1 && branches[0]![0]!.group && branches[0]![0]!.most === 1)
      branches = branches[0]![0]!.group;
    for (const branch of branches) {
      if (leastLength(branch) === 0) return 'it matches where there is nothing';
      const { repeated, ways } = retriesOf(branch, false, { repeated: [], ways: 1 });
      if (ways > MOST_WAYS) return 'it has too many ways to match';
      if (repeated.length > 1) return 'it repeats without limit in front of something that repeats';
      const [atom] = repeated;
      if (atom !== undefined && !isTakenWhole(branches, atom)) return `it goes over a run of ${atom} again from each of its characters`;
    }
    return undefined;
  } catch (error) {
    if (error instanceof Unsafe) return error.message;
    throw error;
  }
}
