/**
 * Reads and writes safetensors (https://github.com/huggingface/safetensors#format): a little-endian 64-bit
 * header length, a JSON header with the type, shape and place of every tensor, then the bytes.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import { AppError, toError } from '../../core/errors.ts';
import { bytesOf } from '../onnx/index.ts';

const WEIGHT_DTYPES = ['F32', 'F16', 'BF16'] as const;
export type WeightDtype = (typeof WEIGHT_DTYPES)[number];

export interface Tensor {
  /** How it is, or was, stored; `data` is float32 whatever this says. */
  readonly dtype: WeightDtype;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Tensors by Hugging Face's names. */
export type Weights = Map<string, Tensor>;

/**
 * The readable tensors of a file. Asking for one stored otherwise throws `unsupported`; whoever lists them
 * all does not meet it.
 */
class FileWeights extends Map<string, Tensor> {
  readonly #file: string;
  readonly #unreadable = new Map<string, string>();

  constructor(file: string) {
    super();
    this.#file = file;
  }

  addUnreadable(name: string, dtype: string): void {
    this.#unreadable.set(name, dtype);
  }

  override has(name: string): boolean {
    return super.has(name) || this.#unreadable.has(name);
  }

  override get(name: string): Tensor | undefined {
    const dtype = this.#unreadable.get(name);
    if (dtype === undefined) return super.get(name);
    throw new AppError(
      'unsupported',
      `${this.#file}: tensor "${name}" is stored as ${dtype}; readable are ${WEIGHT_DTYPES.join(', ')}`,
    );
  }

  override delete(name: string): boolean {
    return this.#unreadable.delete(name) || super.delete(name);
  }
}

const ENTRY = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});
const METADATA = z.record(z.string(), z.string());
type Metadata = Readonly<Record<string, string>>;
const HEADER = z.record(z.string(), z.unknown());

/**
 * The tensors of a file, as float32; one of another type is refused when it is asked for.
 * Throws `bad-model` naming the file and the tensor when it is not sound.
 */
export async function readWeights(file: string): Promise<Weights> {
  return (await readTensorFile(file)).weights;
}

/** As `readWeights`, with the strings that the file's writer added. */
export async function readTensorFile(file: string): Promise<{ weights: Weights; metadata: Metadata }> {
  return parseTensorFile(await readFile(file), file);
}

function parseTensorFile(bytes: Uint8Array, file: string): { weights: Weights; metadata: Metadata } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = bytes.byteLength < 8 ? Infinity : Number(view.getBigUint64(0, true));
  if (headerBytes > bytes.byteLength - 8) {
    throw new AppError(
      'bad-model',
      `${file} is not a safetensors file: its header would end beyond the file`,
    );
  }
  const start = 8 + headerBytes;
  const weights = new FileWeights(file);
  let unclaimed = bytes.byteLength - start;
  const { __metadata__: metadata, ...entries } = parseHeader(bytes.subarray(8, start), file);
  for (const [name, value] of Object.entries(entries)) {
    const entry = ENTRY.safeParse(value);
    if (!entry.success)
      throw new AppError('bad-model', `${file}: the entry of tensor "${name}" is not sound`);
    const { shape, data_offsets: offsets } = entry.data;
    const dtype = WEIGHT_DTYPES.find((known) => known === entry.data.dtype);
    if (dtype === undefined) {
      weights.addUnreadable(name, entry.data.dtype);
      continue;
    }
    const content = bytes.subarray(start + offsets[0], start + offsets[1]);
    const expected = shape.reduce((product, dim) => product * dim, 1) * bytesPerElement(dtype);
    if (content.byteLength !== expected) {
      throw new AppError(
        'bad-model',
        `${file}: tensor "${name}" of shape [${shape.join(', ')}] wants ${expected} bytes and has ${content.byteLength}`,
      );
    }
    // Tensors that shared their bytes would take memory and time in the square of the file's size.
    unclaimed -= expected;
    if (unclaimed < 0) throw new AppError('bad-model', `${file}: tensor "${name}" lies where others lie`);
    weights.set(name, { dtype, shape, data: toFloat32(content, dtype) });
  }
  return { weights, metadata: parseMetadata(metadata, file) };
}

/**
 * Writes tensors as F32 or F16, sorted by name. The file appears whole or not at all: it is written beside
 * its place, flushed and renamed.
 */
export async function writeWeights(
  file: string,
  weights: ReadonlyMap<string, Pick<Tensor, 'shape' | 'data'>>,
  dtype: 'F32' | 'F16' = 'F32',
  metadata: Metadata = { format: 'pt' },
): Promise<void> {
  const names = [...weights.keys()].toSorted();
  const tensors = names.map((name) => weights.get(name) as Tensor);
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [index, name] of names.entries()) {
    const { shape, data } = tensors[index] as Tensor;
    const end = offset + data.length * bytesPerElement(dtype);
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  // Spaces bring the data to a multiple of 8 bytes, as the format recommends.
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.concat([json, Buffer.alloc(-json.byteLength & 7, ' ')]);
  const length = new BigUint64Array([BigInt(head.byteLength)]);
  const parts = [bytesOf(length), head, ...tensors.map(({ data }) => storedBytes(data, dtype))];
  await writeAtomically(file, parts);
}

/**
 * Writes parts one after the other into a new file that takes the place of `file` only when it is complete.
 */
export async function writeAtomically(file: string, parts: Iterable<Uint8Array>): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      for (const part of parts) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw new AppError('internal', `${file} cannot be written: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
}

function parseHeader(bytes: Uint8Array, file: string): Record<string, unknown> {
  try {
    return HEADER.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (thrown) {
    throw new AppError('bad-model', `${file} is not a safetensors file: its header is not JSON`, {
      cause: thrown,
    });
  }
}

function parseMetadata(value: unknown, file: string): Metadata {
  const metadata = METADATA.safeParse(value ?? {});
  if (metadata.success) return metadata.data;
  const [key] = metadata.error.issues[0]?.path ?? [];
  throw new AppError(
    'bad-model',
    `${file}: __metadata__ ${key === undefined ? 'is no object' : `has a value that is no string, of "${String(key)}"`}; safetensors wants strings by name there: save the model again without it`,
    { cause: metadata.error },
  );
}

function bytesPerElement(dtype: WeightDtype): number {
  return dtype === 'F32' ? 4 : 2;
}

function toFloat32(bytes: Uint8Array, dtype: WeightDtype): Float32Array {
  // A copy, because a tensor may start at any byte and typed arrays want their own alignment.
  const aligned = new Uint8Array(bytes).buffer;
  if (dtype === 'F32') return new Float32Array(aligned);
  const convert = dtype === 'F16' ? fromFloat16 : fromBfloat16;
  return convert(new Uint16Array(aligned));
}

function storedBytes(data: Float32Array, dtype: 'F32' | 'F16'): Uint8Array {
  return dtype === 'F32' ? bytesOf(data) : bytesOf(toFloat16(data));
}

// Conversion between float32 and the 16-bit formats, bit by bit as IEEE 754 and bfloat16 lay them out.

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/**
 * Every one of the 65,536 half floats, made when first asked for: a table is ten times faster than
 * arithmetic.
 */
let halfTable: Float32Array | undefined;

function fromFloat16(words: Uint16Array): Float32Array {
  halfTable ??= Float32Array.from({ length: 0x1_0000 }, (_, word) => decodeHalf(word));
  const table = halfTable;
  const result = new Float32Array(words.length);
  for (let i = 0; i < words.length; i += 1) result[i] = table[words[i] as number] as number;
  return result;
}

function fromBfloat16(words: Uint16Array): Float32Array {
  const result = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i += 1) result[i] = (words[i] as number) << 16;
  return new Float32Array(result.buffer);
}

/** Rounded to nearest, ties to even; beyond the range becomes infinite, as in NumPy and PyTorch. */
function toFloat16(values: Float32Array): Uint16Array {
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
