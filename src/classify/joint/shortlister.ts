/** Shortlists of requests with more labels than are read with one text: made of the embeddings of texts and labels. */
import type { SentenceEmbedder } from '../session-embedder.ts';
import { type Shortlist, shortlistOf, shortlistSize } from '../shortlist.ts';
import type { PreparedLabels } from './prepared-labels.ts';

/** How many labels a one-way model reckons with, which sees none beside the one that it scores: about as many as a training example shows. */
export const LABELS_OF_AN_EXAMPLE = 25;

/** Texts that are embedded before a signal is looked at again. */
const EMBEDDED_AT_ONCE = 128;

/** A request whose labels are many. */
export interface LongRequest {
  request: number;
  textIds: Int32Array;
  labels: PreparedLabels;
}

/** Chooses labels. */
export interface Shortlister {
  /**
   * For each of these requests, by its number, the labels that are read, the nearest to the text first. Labels that compete for a text so
   * come into one sequence, where they can be compared best, and which labels share one does not depend on their order in the request.
   * @param size labels of a list; unless given as shortlist.ts says, 0: all. Nothing where the signal is aborted meanwhile.
   */
  choose(requests: readonly LongRequest[], size: number | undefined, signal?: AbortSignal): Promise<Map<number, Shortlist>>;
  /** Releases native memory. Safe to call twice. */
  dispose(): Promise<void>;
}

/** Makes a shortlister; `makeEmbedder` is called when the first list is needed. */
export function createShortlister(makeEmbedder: () => Promise<SentenceEmbedder>, isOneWay: boolean): Shortlister {
  let embedder: Promise<SentenceEmbedder> | undefined;
  // By the ids, which the label encoder keeps: records with label lists of their own share many labels.
  const vectorOf = new WeakMap<Int32Array, Float32Array>();
  return {
    async choose(requests, size, signal) {
      if (requests.length === 0) return new Map();
      embedder ??= makeEmbedder();
      // A full disk, a file that was being written: the next call tries again.
      embedder.catch(() => {
        embedder = undefined;
      });
      const { embedIds } = await embedder;
      const sorted = [...requests].sort((a, b) => b.textIds.length - a.textIds.length);
      const texts: Float32Array[] = [];
      while (texts.length < sorted.length) {
        if (signal?.aborted) return new Map();
        texts.push(...(await embedIds(sorted.slice(texts.length, texts.length + EMBEDDED_AT_ONCE).map(({ textIds }) => textIds))));
      }
      const labels = new Set([...new Set(sorted.map((each) => each.labels))].flatMap(({ ids }) => ids));
      const missing = [...labels].filter((ids) => !vectorOf.has(ids));
      for (const [at, vector] of (await embedIds(missing)).entries()) vectorOf.set(missing[at], vector);
      return new Map(
        sorted.map(({ request, labels: { ids } }, at) => {
          const vectors = ids.map((label) => vectorOf.get(label)!);
          const count = Math.min(ids.length, size === 0 ? ids.length : (size ?? shortlistSize(ids.length)));
          // Labels that read each other know of those that are read.
          const expected = isOneWay ? LABELS_OF_AN_EXAMPLE : count;
          return [request, shortlistOf(texts[at], vectors, count, expected)];
        }),
      );
    },
    async dispose() {
      await (await embedder?.catch(() => undefined))?.dispose();
    },
  };
}
