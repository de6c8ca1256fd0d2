/** The similarities by name: the one place where one is added. */
import { BILINEAR } from './bilinear.ts';
import { COSINE } from './cosine.ts';
import { DOT } from './dot.ts';
import { LINEAR } from './linear.ts';
import type { Similarity } from './similarity.ts';

export type { Similarity, SimilarityStart } from './similarity.ts';

/** By the value of the option `similarity`. */
export const SIMILARITIES = { linear: LINEAR, dot: DOT, bilinear: BILINEAR, cosine: COSINE } as const satisfies Record<string, Similarity>;
