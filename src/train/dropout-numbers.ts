/** The random numbers of dropout: a pure function of the seed and the pass's number, so that a resumed run drops what it would have dropped. */
import { randomStream } from '../base/random.ts';
import { DROPOUT_NUMBERS, dropoutSizes } from '../model/dropout.ts';
import type { Encoder } from '../model/encoders/encoder.ts';
import { STREAM } from './data/epoch-draws.ts';
import type { DropoutArrays } from './engine/training-session.ts';

/** Numbers for pass number `pass` over a batch of `batch` x `length` tokens, or over part number `part` of it. */
export function dropoutNumbers(
  encoder: Pick<Encoder, 'layers' | 'hiddenSize'>,
  seed: number,
  pass: number,
  batch: number,
  length: number,
  part = 0,
): DropoutArrays {
  const { places, columns, layers } = dropoutSizes(encoder);
  const random = randomStream(seed, STREAM.dropout, pass, ...(part > 0 ? [part] : []));
  const { least, most } = DROPOUT_NUMBERS;
  const numbers = (count: number) => Float32Array.from({ length: count }, () => least + (most - least) * random());
  return { rows: numbers(places * batch * length), columns: numbers(places * columns), keys: numbers(layers * length) };
}
