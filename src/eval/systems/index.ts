/** All systems that can be evaluated, by kind, and the well-known ones by name: the one place where a baseline is added. */

import { CLIP, LONG_CLIP, PROMPT_CLIP } from './clip.ts';
import { EMBEDDINGS } from './embeddings.ts';
import { MAJORITY, RANDOM } from './floor.ts';
import { GLIZNET } from './gliznet.ts';
import { LANGUAGE_MODELS } from './language-model.ts';
import { LBL2VEC } from './lbl2vec.ts';
import { CROSS_ENCODER, NLI } from './nli.ts';
import { QZERO, QZERO_WORDS } from './qzero.ts';
import { SMARTSHOT } from './smartshot.ts';
import type { SystemKind } from './system.ts';

/** Kinds of systems by their name on the command line. */
export const BASELINES: ReadonlyMap<string, SystemKind> = new Map([
  ['gliznet', GLIZNET],
  ['nli', NLI],
  ['cross-encoder', CROSS_ENCODER],
  ['embeddings', EMBEDDINGS],
  ['smartshot', SMARTSHOT],
  ['clip', CLIP],
  ['prompt-clip', PROMPT_CLIP],
  ['long-clip', LONG_CLIP],
  ['lbl2vec', LBL2VEC],
  ['qzero', QZERO],
  ['qzero-words', QZERO_WORDS],
  ...LANGUAGE_MODELS,
  ['random', RANDOM],
  ['majority', MAJORITY],
]);

/** Well-known systems by the name people use, each as KIND:MODEL. */
export const ALIASES: Readonly<Record<string, string>> = {
  'bart-large-mnli': 'nli:facebook/bart-large-mnli',
  'mdeberta-v3-base-xnli': 'nli:MoritzLaurer/mDeBERTa-v3-base-mnli-xnli',
  'nli-distilroberta-base': 'cross-encoder:cross-encoder/nli-distilroberta-base',
  'nli-deberta-v3-base': 'cross-encoder:cross-encoder/nli-deberta-v3-base',
  'all-MiniLM-L6-v2': 'embeddings:sentence-transformers/all-MiniLM-L6-v2',
  'all-mpnet-base-v2': 'embeddings:sentence-transformers/all-mpnet-base-v2',
};
