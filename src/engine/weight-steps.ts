/**
 * How many steps an 8-bit weight may have on this machine. Processors without instructions for 8-bit dot products (VNNI on x86) add pairs
 * of products in 16 bits: two of an activation of 255 and a weight of 127 are more than those hold, and are cut off without a word. Weights
 * of at most 64 cannot get there, at the price of one bit (`reduce_range` in ONNX Runtime's own quantization).
 */
import { createGraphSession } from './onnx-session.ts';

/** Largest steps of a weight with all 8 bits. */
const ALL_STEPS = 127;

/** Largest steps of a weight whose products are exact on every processor: 2 x 255 x 64 is under 2^15. */
export const PORTABLE_WEIGHT_STEPS = 64;

/** Length of the rows that are multiplied: more than what one instruction adds up. */
const FEATURES = 64;

/** The largest steps that weights may have for ONNX Runtime's integer products to be exact here: 127, or 64. Found by trying. */
export async function exactWeightSteps(): Promise<number> {
  const session = await createGraphSession({
    inputs: [{ name: 'activation', type: 'float32', shape: [1, FEATURES] }],
    outputs: [{ name: 'product', type: 'float32', shape: [1, 1] }],
    nodes: [
      { op: 'QuantizeLinear', domain: '', inputs: ['activation', 'unit', 'zero'], outputs: ['bytes'], attributes: {} },
      {
        op: 'MatMulIntegerToFloat',
        domain: 'com.microsoft',
        inputs: ['bytes', 'weight', 'unit', 'unit', 'zero'],
        outputs: ['product'],
        attributes: {},
      },
    ],
    initializers: [
      { name: 'unit', type: 'float32', shape: [], data: Float32Array.of(1) },
      { name: 'zero', type: 'uint8', shape: [], data: Uint8Array.of(0) },
      { name: 'weight', type: 'int8', shape: [FEATURES, 1], data: new Int8Array(FEATURES).fill(ALL_STEPS) },
    ],
  });
  try {
    const activation = { data: new Float32Array(FEATURES).fill(255), shape: [1, FEATURES] };
    const { product } = await session.run({ activation }, ['product']);
    return product[0] === 255 * ALL_STEPS * FEATURES ? ALL_STEPS : PORTABLE_WEIGHT_STEPS;
  } finally {
    await session.dispose();
  }
}
