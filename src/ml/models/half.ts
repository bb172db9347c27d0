/** Conversion between float32 and the 16-bit formats, bit by bit as IEEE 754 and bfloat16 lay them out. */

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** Every one of the 65,536 half floats, made when first asked for: a table is ten times faster than arithmetic. */
let halfTable: Float32Array | undefined;

export function fromFloat16(words: Uint16Array): Float32Array {
  halfTable ??= Float32Array.from({ length: 0x1_0000 }, (_, word) => decodeHalf(word));
  const table = halfTable;
  const result = new Float32Array(words.length);
  for (let i = 0; i < words.length; i += 1) result[i] = table[words[i] as number] as number;
  return result;
}

export function fromBfloat16(words: Uint16Array): Float32Array {
  const result = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i += 1) result[i] = (words[i] as number) << 16;
  return new Float32Array(result.buffer);
}

/** Rounded to nearest, ties to even; beyond the range becomes infinite, as in NumPy and PyTorch. */
export function toFloat16(values: Float32Array): Uint16Array {
  const result = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i += 1) result[i] = encodeHalf(values[i] as number);
  return result;
}

function decodeHalf(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 0x1f;
  const fraction = word & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function encodeHalf(value: number): number {
  float[0] = value;
  const word = bits[0] as number;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (magnitude >= 65_520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24);
  // Adding to the packed exponent and fraction carries a rounded-up fraction into the exponent, as it should.
  const exponent = (word >>> 23) & 0xff;
  const packed = ((exponent - 112) << 23) | (word & 0x7f_ffff);
  return sign | roundToEven(packed / 2 ** 13);
}

function roundToEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}
