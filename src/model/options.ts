/**
 * GliZNet's own options, stored in a checkpoint's config.json beside the encoder's configuration. One declaration each: the type, the field of
 * config.json and its check, the setting of `glz train` with its default, and the row in docs/train.md are made of it.
 */
import { UsageError } from '../base/errors.ts';
import { defaultsOf } from '../options/check.ts';
import type { Declarations, Filled } from '../options/declaration.ts';

/** How the hidden states become scores (article, sections 3.2 and 3.5). Defaults are the article's. */
export const MODEL_OPTIONS = {
  /** Text representation: hidden state of [CLS], or the mean over the text's tokens. */
  textPooling: {
    type: 'choice',
    choices: ['cls', 'mean'],
    default: 'cls',
    description: 'text representation: [CLS], or the mean of the text tokens',
  },
  /** Label representation: mean of its tokens weighted by the last layer's attention from [CLS], plain mean, or the marker token. */
  labelPooling: {
    type: 'choice',
    choices: ['attention', 'mean', 'marker'],
    default: 'attention',
    description:
      "label representation: its tokens weighted by the last layer's attention from [CLS], their plain mean, or the marker token",
  },
  /** Size of the shared linear projection, or null for none. */
  projection: {
    type: 'integer',
    min: 1,
    max: 1 << 16,
    nullable: true,
    default: 256,
    description: 'size of the shared projection; null for none',
  },
  /** linear: w . (t * l) + b; dot: t . l; bilinear: t' W l + b; cosine: scale * cos(t, l) + bias, both learned. */
  similarity: {
    type: 'choice',
    choices: ['linear', 'dot', 'bilinear', 'cosine'],
    default: 'linear',
    description: 'score of a text and a label',
  },
  /** `separator`: labels joined by `separator`; `marker`: each label preceded by the marker token. */
  labelStyle: {
    type: 'choice',
    choices: ['separator', 'marker'],
    default: 'separator',
    description: 'labels joined by `separator`, or each behind `marker`',
  },
  /** Text between labels (labelStyle separator). */
  separator: {
    type: 'text',
    nonEmpty: true,
    default: ';',
    inputOnly: true,
    description: 'text between two labels (label_style: separator)',
  },
  /** Token in front of each label (labelStyle marker). */
  marker: {
    type: 'text',
    nonEmpty: true,
    default: '[unused0]',
    inputOnly: true,
    description: 'token in front of each label (label_style: marker)',
  },
  /**
   * `free`: every token attends to every token, as in the article. `gated`: the text and each label are blocks whose positions count
   * from their own start, and a learned bias a layer says how much passes between blocks: the order of labels does not matter.
   * `one-way`: of what passes between blocks only labels reading the text is left: a label's score depends on the text and itself alone.
   * `late`: labels are read alone, once for all texts; in the upper layers each is one token that reads the text (late.ts).
   */
  crossAttention: {
    type: 'choice',
    choices: ['free', 'gated', 'one-way', 'late'],
    default: 'free',
    before: 'free',
    description:
      'between text and labels: free as in the article; gated: blocks, with a learned bias a layer for what passes between them; one-way: blocks, of which labels read the text and nothing else passes; late: labels are read alone, once for all texts. A run that starts from a gated checkpoint can go on as one-way, one that starts from either as late',
  },
  /** Layers, from the output, in which labels read the text (crossAttention late); 0: none, text and label are two vectors. */
  upperLayers: {
    type: 'integer',
    min: 0,
    max: 1 << 10,
    default: 0,
    before: 0,
    description: 'layers, from the output, in which a label is one token that reads the text (cross_attention: late); 0: two vectors',
  },
  /** Whether labels read each other in the upper layers. */
  setAttention: {
    type: 'boolean',
    default: false,
    before: false,
    description: 'whether labels read each other in the upper layers (cross_attention: late)',
  },
  /** How much of a score is the label's reading of the text's tokens (token-reading.ts); 0: text and label are two vectors. */
  tokenShare: {
    type: 'number',
    min: 0,
    max: 1,
    default: 0,
    before: 0,
    description:
      "how much of a score is the text's tokens that are near the label (cross_attention: late without upper layers, text_pooling: mean, similarity: cosine); 0: text and label are two vectors",
  },
  /** How much more the nearest tokens count. */
  tokenSharpness: {
    type: 'number',
    min: 0,
    default: 20,
    before: 20,
    description: 'tokens count by the softmax of so many times their cosine with the label (token_share)',
  },
  /** Longest joint sequence, in tokens. */
  maxLength: {
    type: 'integer',
    min: 16,
    max: 1 << 20,
    default: 512,
    inputOnly: true,
    description: 'longest joint sequence in prediction, in tokens; of gated and one-way models the longest text, to which labels are added',
  },
  /**
   * Most labels in one joint sequence; more are packed into groups. null: as many as fit. Where labels read each other, as many as the model was
   * trained with; one-way models score alike with any number.
   */
  labelsPerGroup: {
    type: 'integer',
    min: 1,
    max: 1 << 20,
    nullable: true,
    default: null,
    before: null,
    inputOnly: true,
    description:
      'most labels in one joint sequence of prediction; null: as many as fit. Does not change the scores of one-way models, only their speed',
  },
} as const satisfies Declarations;

/** Multi-label probability = sigmoid(logit / temperature + bias), fitted after training; no settings of it. */
export const CALIBRATION = {
  temperature: { type: 'number', above: 0, default: 1, description: 'what logits are divided by' },
  bias: { type: 'number', default: 0, description: 'what is added then' },
  /**
   * In a choice among N labels logits count 1 + sharpening x ln(N / sharpenAbove) times: a softmax over many labels leaves none of them much,
   * and one over few leaves the best too much. Among fewer than `sharpenAbove` only where `flattens` says so.
   */
  sharpening: { type: 'number', min: 0, default: 0, before: 0, description: 'how much more logits count in a choice among many labels' },
  sharpenAbove: { type: 'integer', min: 2, max: 1 << 20, default: 30, before: 30, description: 'labels among which logits count once' },
  flattens: { type: 'boolean', default: false, before: false, description: 'whether logits count less among fewer labels' },
} as const satisfies Declarations;

/** How logits become probabilities; the values from before it is fitted leave them as they are. */
export interface Calibration extends Filled<typeof CALIBRATION> {}

/** A checkpoint's options. */
export interface GliZNetOptions extends Filled<typeof MODEL_OPTIONS> {
  /** Fitted after training. */
  calibration: Calibration;
}

/** {@link GliZNetOptions.labelsPerGroup} with which one-way models are fastest (bench/batches.ts). */
export const ONE_WAY_LABELS = 50;

/** Whether text and labels are blocks of one sequence with positions of their own. */
export const hasBlocks = ({ crossAttention }: Pick<GliZNetOptions, 'crossAttention'>): boolean =>
  crossAttention === 'gated' || crossAttention === 'one-way';

/**
 * Whether one graph reads texts and labels: both go through the same layers to the mean of their tokens, and only the similarity tells them apart.
 * Then weights are held once, and labels are fed as texts are.
 */
export const readsAlike = ({ upperLayers, textPooling }: GliZNetOptions): boolean => upperLayers === 0 && textPooling === 'mean';

/** Whether labels read the tokens of a text. @throws UsageError where the other options do not allow it */
export function readsTokens(options: GliZNetOptions): boolean {
  if (options.tokenShare === 0) return false;
  if (options.crossAttention !== 'late' || !readsAlike(options) || options.similarity !== 'cosine')
    throw new UsageError('a token share needs late cross-attention without upper layers, text pooling "mean" and similarity "cosine"');
  return true;
}

/** The article's options. */
export const ARTICLE_OPTIONS: GliZNetOptions = { ...defaultsOf(MODEL_OPTIONS), calibration: defaultsOf(CALIBRATION) };
