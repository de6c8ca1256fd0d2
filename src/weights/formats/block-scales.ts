/**
 * Matrices in 4 bits: of each row blocks of 32 columns, a value is a whole number from -8 to 7 times its block's scale, which may be
 * negative. Bytes lie as in ggml's Q4_0: of a block's 16 bytes the low halves are its first 16 columns, the high halves the others, each
 * with 8 added. Knows nothing of files.
 */
import { float16ToFloat32 } from '../../base/half-precision.ts';

/** What the name of a matrix in 4 bits gets behind it for the tensor of its scales. */
export const BLOCK_SCALE = '.block_scale';

/** Columns that share a scale. */
export const BLOCK = 32;

/** Bytes of a block. */
const BYTES_OF_BLOCK = BLOCK / 2;

/** A matrix in 4 bits. */
export interface BlockScaledMatrix {
  /** [rows, columns / 2] */
  bytes: Uint8Array;
  /** float16 bits [rows, columns / 32] */
  scales: Uint16Array;
}

/** The numbers [rows, columns] of a matrix in 4 bits. */
export function dequantizeBlocks({ bytes, scales }: BlockScaledMatrix): Float32Array {
  const matrix = new Float32Array(2 * bytes.length);
  const scaleOf = float16ToFloat32(scales);
  for (let block = 0; block < scales.length; block++) {
    const scale = scaleOf[block];
    const [from, to] = [block * BYTES_OF_BLOCK, block * BLOCK];
    for (let i = 0; i < BYTES_OF_BLOCK; i++) {
      const byte = bytes[from + i];
      matrix[to + i] = ((byte & 15) - 8) * scale;
      matrix[to + BYTES_OF_BLOCK + i] = ((byte >> 4) - 8) * scale;
    }
  }
  return matrix;
}
