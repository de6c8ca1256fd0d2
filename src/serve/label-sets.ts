/** Label sets of requests: each is checked and read once, and kept until others need the room. */
import { labelReadings, type ReadLabel } from '../text/label-texts.ts';

/** A label set in use. */
export interface UsedSet {
  /** Its number. */
  set: number;
  /** The same array for all requests with these labels. */
  labels: readonly ReadLabel[];
  /** What is wrong with it, as Classifier.labelProblem says; rejected for labels that cannot be read. */
  problem: Promise<string | undefined>;
  /** Resolves once its labels are read. */
  ready: Promise<void>;
}

/** Label sets that are kept. */
export interface LabelSets {
  /** A set by its labels. `check` and `prepare` are called where it is new. */
  use(
    labels: readonly ReadLabel[],
    check: (set: number, labels: readonly ReadLabel[]) => Promise<string | undefined>,
    prepare?: (labels: readonly ReadLabel[]) => Promise<void>,
  ): UsedSet;
  /** A number for a set that is not kept. */
  temporary(): number;
  readonly hits: number;
  readonly misses: number;
  /** Bytes that the kept sets take, about. */
  readonly bytes: number;
}

interface Kept extends Omit<UsedSet, 'ready'> {
  ready?: Promise<void>;
  bytes: number;
}

/** Keeps sets of at most `memory` bytes, the last used; `vector` bytes are what the model keeps of a label. `onDrop` is told which goes. */
export function createLabelSets(memory: number, vector: number, onDrop: (set: number) => void): LabelSets {
  const kept = new Map<string, Kept>();
  let numbers = 0;
  let bytes = 0;
  let hits = 0;
  let misses = 0;
  return {
    use(labels, check, prepare) {
      const key = JSON.stringify(labels);
      let found = kept.get(key);
      if (found) {
        hits++;
        kept.delete(key);
      } else {
        misses++;
        const set = numbers++;
        const own = [...labels];
        // The vector, in the set and by reading, and the texts of labels and key.
        const readings = own.reduce((sum, label) => sum + labelReadings(label).length, 0);
        const size = (own.length + readings) * vector + own.length * 64 + 6 * key.length;
        found = { set, labels: own, problem: check(set, own), bytes: size };
        found.problem.catch(() => {});
        bytes += size;
      }
      kept.set(key, found);
      for (const [other, { set, bytes: size }] of kept) {
        if (bytes <= memory || other === key) break;
        kept.delete(other);
        bytes -= size;
        onDrop(set);
      }
      if (prepare) {
        found.ready ??= prepare(found.labels);
        found.ready.catch(() => {});
      }
      return { ...found, ready: found.ready ?? Promise.resolve() };
    },
    temporary: () => numbers++,
    get hits() {
      return hits;
    },
    get misses() {
      return misses;
    },
    get bytes() {
      return bytes;
    },
  };
}
