/** float16 and bfloat16 to float32 and back, by bits. Knows nothing of files. */

const floatOf = new Float32Array(1);
const bitsOf = new Uint32Array(floatOf.buffer);

function halfToFloat(half: number): number {
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

let halfTable: Float32Array | undefined;

/** float16 bits to float32. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, half) => halfToFloat(half));
  const table = halfTable;
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = table[halves[i]];
  return floats;
}

/** bfloat16 bits (the upper half of a float32) to float32. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return new Float32Array(bits.buffer);
}

/** float32 to float16 bits, to the nearest and ties to even; what is too large becomes infinite. */
export function float32ToFloat16(floats: Float32Array): Uint16Array {
  const halves = new Uint16Array(floats.length);
  for (let i = 0; i < floats.length; i++) {
    floatOf[0] = floats[i];
    const bits = bitsOf[0];
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
      halves[i] = sign | 0x7e00; // NaN
    else if (magnitude >= 0x477ff000)
      halves[i] = sign | 0x7c00; // rounds to 65536 or more
    else if (magnitude < 0x33000001)
      halves[i] = sign; // rounds to 0
    else if (magnitude < 0x38800000) {
      // Subnormal: the value in steps of 2^-24, ties to even.
      const scaled = Math.abs(floats[i]) * 2 ** 24;
      const floor = Math.floor(scaled);
      const rest = scaled - floor;
      halves[i] = sign | (rest > 0.5 || (rest === 0.5 && floor & 1) ? floor + 1 : floor);
    } else {
      const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
      halves[i] = sign | ((rounded - 0x38000000) >>> 13);
    }
  }
  return halves;
}
