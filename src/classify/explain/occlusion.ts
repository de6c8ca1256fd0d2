/**
 * What words add to logits, by leaving them out: a text is scored again without each of its words, and a word's part is how much its label's logit
 * then falls. For models whose logits are no sums over words. Each word costs a pass, so that long texts are told apart in larger pieces.
 */
import { textPrefix } from '../../text/tokenizer/text-beginning.ts';
import { type Place, textSentences, textWords } from '../../text/words.ts';
import type { Classifier } from '../classifier.ts';
import type { PartsOptions, PartsRequest, WordParts } from './word-parts.ts';

/** Pieces that are left out of a text at most, one after the other. */
export const MOST_PIECES = 64;

/** Fewer sentences say too little of where in a long text it is decided. */
const FEWEST_SENTENCES = 8;

/** Labels that a text is scored again with where they are read together: the best, beside those asked for. */
const LABELS_AT_ONCE = 25;

/** UTF-16 units of a text for each token that is read of it: what is far behind them is not looked at. */
const UNITS_PER_TOKEN = 8;

/** UTF-16 units of a text behind which no tokenizer looks: a longer one is not held once for each word. */
const MOST_UNITS = 1 << 21;

/** What is left out of a text, one after the other: its words; of a longer one its sentences, or groups of words. */
export function pieces(text: string, end = text.length): Place[] {
  const words = textWords(text, end);
  if (words.length <= MOST_PIECES) return words;
  const read = text.slice(0, words[words.length - 1].end);
  const sentences = textSentences(read);
  if (sentences.length >= FEWEST_SENTENCES && sentences.length <= MOST_PIECES) return sentences;
  const size = Math.ceil(words.length / MOST_PIECES);
  return Array.from({ length: Math.ceil(words.length / size) }, (_, at) => {
    const group = words.slice(at * size, (at + 1) * size);
    return { start: group[0].start, end: group[group.length - 1].end };
  });
}

/** A text without a piece, and without the white space that stood between it and the next. */
export function without(text: string, { start, end }: Place): string {
  const before = text.slice(0, start);
  const behind = text.slice(end);
  return before === '' || before.trimEnd() !== before ? before + behind.trimStart() : before + behind;
}

/** Labels that a text is scored again with: the chosen alone where labels do not read each other, else all that were read, or the best. */
function labelsBeside(classifier: Classifier, { labels, chosen }: PartsRequest, logits: Float32Array): number[] {
  const { crossAttention, setAttention } = classifier.options;
  if (crossAttention === 'one-way' || (crossAttention === 'late' && !setAttention)) return [...chosen].sort((a, b) => a - b);
  const read = labels.map((_, label) => label).filter((label) => Number.isFinite(logits[label]));
  if (read.length <= LABELS_AT_ONCE) return read;
  const best = read.sort((a, b) => logits[b] - logits[a]).slice(0, LABELS_AT_ONCE);
  return [...new Set([...best, ...chosen])].sort((a, b) => a - b);
}

/** Parts of the logits of one text. @throws as Classifier.logits */
export async function leaveOneOut(
  classifier: Classifier,
  request: PartsRequest & { logits: Float32Array },
  options: PartsOptions & { windows: number },
): Promise<WordParts> {
  const { labels: all, chosen, logits } = request;
  const text = textPrefix(request.text, MOST_UNITS);
  const words = pieces(text, options.windows * classifier.layout.capacity * UNITS_PER_TOKEN);
  if (chosen.length === 0 || words.length === 0) return { words, parts: chosen.map(() => new Float64Array(words.length)) };
  const beside = labelsBeside(classifier, request, logits);
  const labels = beside.length === all.length ? all : beside.map((label) => all[label]);
  const texts = [text, ...words.map((word) => without(text, word))];
  const results = await classifier.logits(
    texts.map((each) => ({ text: each, labels })),
    { ...options, shortlist: 0 },
  );
  const [whole, ...less] = results.map((result) => result.logits);
  const parts = chosen.map((label) => {
    const at = beside.indexOf(label);
    return Float64Array.from(less, (each) => whole[at] - each[at]);
  });
  return { words, parts };
}
