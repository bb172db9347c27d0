/**
 * One WebAssembly memory for everything a training step touches again and again: weights, gradients, AdamW's
 * two moments, dropout masks. ONNX Runtime reads and writes it in place, the kernels update it in place.
 *
 * Each kind is one block in which the parameters lie in the same order, so that a parameter has one offset.
 */
import { AppError } from '../../core/errors.ts';
import { instantiateKernels, type Kernels } from './kernels.ts';
import { createWasmMemory, WASM_PAGE_BYTES } from './assembler.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** 32-bit addresses: WebAssembly's limit. */
const MAX_PAGES = 65_536;
/** Vectors of four floats; what pads a tensor to a multiple of it stays zero and changes nothing. */
export const LANES = 4;

export interface ParameterShape {
  readonly name: string;
  readonly shape: readonly number[];
  readonly trainable: boolean;
}

export interface Slot extends ParameterShape {
  /** In floats, from the start of each block. */
  readonly offset: number;
  readonly length: number;
}

const BLOCKS = ['weights', 'gradients', 'means', 'variances'] as const;
type Block = (typeof BLOCKS)[number];

export interface TrainingMemory {
  readonly slots: readonly Slot[];
  readonly kernels: Kernels;
  /** A parameter's part of a block. Only weights are kept of parameters that are not trained. */
  view(block: Block, slot: Slot): Float32Array;
  /** The trained part of a block, whole. */
  trained(block: Block): Float32Array;
  /** First and last address of a parameter's part of a block, for the kernels. */
  range(block: Block, slot: Slot): { start: number; end: number };
  /** Room for values that live for one step, in floats. */
  readonly scratch: { readonly floats: Float32Array; readonly start: number };
}

/**
 * @param scratchFloats room beside the parameters, see `scratch`
 * @throws `unsupported` when it would take more than 4 GiB
 */
export async function createTrainingMemory(
  parameters: readonly ParameterShape[],
  scratchFloats: number,
): Promise<TrainingMemory> {
  const { slots, trainedFloats, allFloats } = layOut(parameters);
  // Weights come last but for the scratch room, because only they hold frozen parameters as well.
  const starts: Record<Block, number> = {
    gradients: 0,
    means: trainedFloats * BYTES,
    variances: trainedFloats * 2 * BYTES,
    weights: trainedFloats * 3 * BYTES,
  };
  const scratchStart = starts.weights + allFloats * BYTES;
  const pages = Math.ceil((scratchStart + padded(scratchFloats) * BYTES) / WASM_PAGE_BYTES);
  if (pages > MAX_PAGES) {
    throw new AppError(
      'unsupported',
      `training this encoder would take ${(pages / 16_384).toFixed(1)} GiB at once, of at most 4: freeze layers, or use a smaller encoder or batch`,
    );
  }
  const memory = createWasmMemory(Math.max(1, pages));
  const kernels = await instantiateKernels(memory);
  const floats = (start: number, length: number): Float32Array =>
    new Float32Array(memory.buffer, start, length);
  return {
    slots,
    kernels,
    view: (block, slot) => floats(starts[block] + slot.offset * BYTES, slot.length),
    trained: (block) => floats(starts[block], trainedFloats),
    range: (block, slot) => {
      const start = starts[block] + slot.offset * BYTES;
      return { start, end: start + padded(slot.length) * BYTES };
    },
    scratch: { floats: floats(scratchStart, padded(scratchFloats)), start: scratchStart },
  };
}

export function padded(floats: number): number {
  return Math.ceil(floats / LANES) * LANES;
}

/** Trained parameters first, so that they are the beginning of every block. */
function layOut(parameters: readonly ParameterShape[]): {
  slots: Slot[];
  trainedFloats: number;
  allFloats: number;
} {
  const ordered = [
    ...parameters.filter(({ trainable }) => trainable),
    ...parameters.filter(({ trainable }) => !trainable),
  ];
  let offset = 0;
  let trainedFloats = 0;
  const slots = ordered.map((parameter) => {
    const length = parameter.shape.reduce((product, dim) => product * dim, 1);
    const slot = { ...parameter, offset, length };
    offset += padded(length);
    if (parameter.trainable) trainedFloats = offset;
    return slot;
  });
  return { slots, trainedFloats, allFloats: offset };
}

/**
 * Returns the memory of dropped buffers now. The collector runs when its heap of small objects fills; a
 * training drops buffers of a hundred megabytes beside that heap and would otherwise hold several generations
 * of them at its peak. Does nothing where Node runs without --expose-gc; the training process runs with it.
 */
export function releaseMemory(): void {
  globalThis.gc?.();
}
