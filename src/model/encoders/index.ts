/** The encoders by `model_type` of config.json: the one place where a family is added. */
import { UsageError } from '../../base/errors.ts';
import { createAlbert } from './albert.ts';
import { createBert } from './bert.ts';
import { createDebertaV2 } from './deberta-v2.ts';
import { createDistilBert } from './distilbert.ts';
import { createElectra } from './electra.ts';
import type { Encoder, EncoderFactory } from './encoder.ts';
import { builtFrom } from './known-fields.ts';
import { createModernBert } from './modernbert.ts';
import { createMpnet } from './mpnet.ts';
import { createRoberta, createXlmRoberta } from './roberta.ts';

const FAMILIES = new Map<string, EncoderFactory>([
  ['bert', createBert],
  ['distilbert', createDistilBert],
  ['roberta', createRoberta],
  ['xlm-roberta', createXlmRoberta],
  ['mpnet', createMpnet],
  ['electra', createElectra],
  ['albert', createAlbert],
  ['deberta-v2', createDebertaV2],
  ['modernbert', createModernBert],
]);

/** The values of `model_type` that {@link createEncoder} knows. */
export const ENCODER_TYPES: readonly string[] = [...FAMILIES.keys()];

/**
 * Makes the encoder that a parsed config.json describes.
 * @throws UsageError if `model_type` is not supported, or naming the field that is missing, wrong, or changes the computation unread
 */
export function createEncoder(config: Readonly<Record<string, unknown>>): Encoder {
  const family = typeof config.model_type === 'string' ? FAMILIES.get(config.model_type) : undefined;
  if (!family) {
    const found = config.model_type === undefined ? 'missing' : JSON.stringify(config.model_type);
    throw new UsageError(`encoder config: "model_type" is ${found}; supported: ${ENCODER_TYPES.join(', ')}`);
  }
  return builtFrom(config, family);
}
