/** GliZNet's own options, stored in a checkpoint's config.json beside the encoder's configuration. */

import type { SIMILARITIES } from './similarities/index.ts';

/** How the hidden states become scores (article, sections 3.2 and 3.5; DESIGN 1). */
export interface GliZNetOptions {
  /** Text representation: hidden state of [CLS], or the mean over the text's tokens. */
  textPooling: 'cls' | 'mean';
  /** Label representation: mean of its tokens weighted by the last layer's attention from [CLS], plain mean, or the marker token. */
  labelPooling: 'attention' | 'mean' | 'marker';
  /** Size of the shared linear projection, or null for none. */
  projection: number | null;
  /** linear: w . (t * l) + b; dot: t . l; bilinear: t' W l + b; cosine: scale * cos(t, l) + bias, both learned. */
  similarity: keyof typeof SIMILARITIES;
  /** `separator`: labels joined by `separator`; `marker`: each label preceded by the marker token. */
  labelStyle: 'separator' | 'marker';
  /** Text between labels (labelStyle separator). */
  separator: string;
  /** Token in front of each label (labelStyle marker). */
  marker: string;
  /**
   * `free`: every token attends to every token, as in the article. `gated`: the text and each label are blocks whose positions count
   * from their own start, and a learned bias a layer says how much passes between blocks: the order of labels does not matter.
   * `one-way`: of what passes between blocks only labels reading the text is left: a label's score depends on the text and itself alone.
   * `late`: labels are read alone, once for all texts; in the upper layers each is one token that reads the text (late.ts).
   */
  crossAttention: 'free' | 'gated' | 'one-way' | 'late';
  /** Layers, from the output, in which labels read the text (crossAttention late); 0: none, text and label are two vectors. */
  upperLayers: number;
  /** Whether labels read each other in the upper layers. */
  setAttention: boolean;
  /** Longest joint sequence, in tokens. */
  maxLength: number;
  /**
   * Most labels in one joint sequence; more are packed into groups. null: as many as fit. Where labels read each other, as many as the model was
   * trained with; one-way models score alike with any number.
   */
  labelsPerGroup: number | null;
  /** Multi-label probability = sigmoid(logit / temperature + bias); fitted after training, 1 and 0 before. */
  calibration: { temperature: number; bias: number };
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

/** The article's options. */
export const ARTICLE_OPTIONS: GliZNetOptions = {
  textPooling: 'cls',
  labelPooling: 'attention',
  projection: 256,
  similarity: 'linear',
  labelStyle: 'separator',
  separator: ';',
  marker: '[unused0]',
  crossAttention: 'free',
  upperLayers: 0,
  setAttention: false,
  maxLength: 512,
  labelsPerGroup: null,
  calibration: { temperature: 1, bias: 0 },
};
