/** A {@link Scorer} on an ONNX Runtime session. */

import type { GraphSession } from '../runtime/onnx-session.ts';
import type { JointBatch } from '../text/joint-sequence.ts';
import type { Scorer } from './scorer.ts';
import { sequenceFeeds } from './sequence-feeds.ts';

/** Scores with an inference graph of GliZNet, made of the model that `source` names; owns the session. */
export function createOnnxScorer(session: GraphSession, source = 'the model'): Scorer {
  return {
    source,
    batchTokens: session.batchTokens,
    async score(batch: JointBatch): Promise<Float32Array> {
      const { logits } = await session.run(sequenceFeeds(batch), ['logits']);
      return logits as Float32Array;
    },
    dispose: () => session.dispose(),
  };
}
