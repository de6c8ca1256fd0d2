/** Lines of a file of labels, cut out of its bytes when they are looked at: a million of them as objects would take several times their labels. */

/** A line that is not blank. */
export interface LabelLine {
  /** From 1. */
  number: number;
  /** Trimmed. */
  text: string;
  isIndented: boolean;
}

/** What is looked for in lines. */
export type LineTest = (line: LabelLine) => boolean;

/** Lines in order. */
export interface LabelLines {
  readonly count: number;
  /** @param at from 0, below the count */
  line(at: number): LabelLine;
  /** The first line that each of the tests finds, if one does: all in one pass. */
  firstOf(...tests: readonly LineTest[]): (LabelLine | undefined)[];
  every(test: LineTest): boolean;
  map<Value>(of: (line: LabelLine) => Value): Value[];
  filter(test: LineTest): LabelLines;
}

const LF = 0x0a;
const CR = 0x0d;

/** Of the white space that is one byte the usual. */
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === LF || byte === CR;

/** Whole numbers that are found one by one, in little more than four bytes each. */
function createNumbers() {
  let values = new Uint32Array(64);
  let count = 0;
  return {
    count: () => count,
    push(value: number): void {
      if (count === values.length) {
        const more = new Uint32Array(2 * count);
        more.set(values);
        values = more;
      }
      values[count++] = value;
    },
    all: () => values.slice(0, count),
  };
}

/** Lines by their numbers, from 0. @param starts where all lines begin, and where the last one ends */
function linesOf(bytes: Buffer, starts: Uint32Array, numbers: Uint32Array): LabelLines {
  const count = numbers.length;
  const line = (at: number): LabelLine => {
    const number = numbers[at];
    let [start, end] = [starts[number], starts[number + 1]];
    // Cut here as far as it goes: text that is trimmed holds on to what it was cut out of.
    while (isSpace(bytes[end - 1]) && end > start) end--;
    while (isSpace(bytes[start]) && start < end) start++;
    const raw = bytes.toString('utf8', start, end);
    return { number: number + 1, text: raw.trim(), isIndented: start > starts[number] || /^\s/.test(raw) };
  };
  return {
    count,
    line,
    firstOf(...tests) {
      const found: (LabelLine | undefined)[] = tests.map(() => undefined);
      for (let at = 0; at < count && found.includes(undefined); at++) {
        const each = line(at);
        for (const [which, test] of tests.entries()) if (!found[which] && test(each)) found[which] = each;
      }
      return found;
    },
    every(test) {
      for (let at = 0; at < count; at++) if (!test(line(at))) return false;
      return true;
    },
    map: (of) => Array.from({ length: count }, (_, at) => of(line(at))),
    filter(test) {
      const kept = createNumbers();
      for (let at = 0; at < count; at++) if (test(line(at))) kept.push(numbers[at]);
      return linesOf(bytes, starts, kept.all());
    },
  };
}

/** The lines of UTF-8 text that are not blank; undefined where there are more than `most`, blank ones counted. */
export function labelLines(bytes: Buffer, most: number): LabelLines | undefined {
  const starts = createNumbers();
  starts.push(0);
  for (let at = 0; at < bytes.length; at++)
    if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] !== LF)) {
      if (starts.count() > most) return undefined;
      starts.push(at + 1);
    }
  const hasEnd = starts.count() > 1 && starts.all().at(-1) === bytes.length;
  if (!hasEnd) starts.push(bytes.length);
  const count = starts.count() - 1;
  if (count > most) return undefined;
  const all = linesOf(
    bytes,
    starts.all(),
    Uint32Array.from({ length: count }, (_, at) => at),
  );
  return all.filter(({ text }) => text !== '');
}
