/**
 * The model in training: its weights in memory, and the ONNX sessions that run it forward and backward there.
 */
import {
  buildTrainingGraph,
  buildValidationGraph,
  gradientOf,
  WORD_ROWS,
  type MaskInput,
} from './training-graph.ts';
import type { Shape } from '../autodiff/index.ts';
import { WORD_EMBEDDINGS, type DistilBertConfig } from '../models/index.ts';
import { encodeModel, openOnnxSession, returningNothing, type Feed } from '../onnx/index.ts';
import type { Batch } from './data.ts';
import { createDropoutMasks, planPools, type PoolPlan } from './dropout.ts';
import { createTrainingMemory, padded, type TrainingMemory } from '../wasm/index.ts';
import { createWordGradient, type WordGradient } from './optimizer.ts';

interface EngineOptions {
  /** Dropout as it shall be; 0 leaves the masks out of the graph. */
  readonly config: DistilBertConfig;
  /** Rows of the word embedding: ids given to the engine are smaller. */
  readonly vocabulary: number;
  readonly padIndex: number;
  readonly isTrained: (name: string) => boolean;
  /** Largest batch: rows and padded length. */
  readonly maxShape: readonly [batch: number, time: number];
  /** Whether one step adds the gradients of several batches. */
  readonly accumulates: boolean;
  readonly threads: number;
  readonly profilePrefix?: string;
}

export interface Engine {
  readonly memory: TrainingMemory;
  /**
   * Forward and backward: the gradients of this batch are in the memory afterwards, in place of the old ones
   * or, with `part` above 0, added to them.
   *
   * @param targets see `lossTargets`, [batch, labels]
   */
  backward(
    batch: Batch,
    targets: Float32Array,
    draw: { seed: number; step: number; part: number },
  ): Promise<{ loss: number; logits: Float32Array }>;
  /**
   * The same weights without dropout, open for one validation: its activations are not held while training
   * goes on.
   */
  openForward(): Promise<ForwardPass>;
  close(): Promise<void>;
}

interface ForwardPass {
  /** [batch, labels] */
  logits(batch: Batch): Promise<Float32Array>;
  close(): Promise<void>;
}

export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { config, vocabulary } = options;
  const { graph, masks, parameters } = buildTrainingGraph(config, vocabulary, options.isTrained);
  const scratch = planScratch(options, masks);
  const trainedFloats = parameters
    .filter(({ trainable }) => trainable)
    .reduce((sum, { shape }) => sum + padded(count(shape)), 0);
  const accumulationFloats = options.accumulates ? trainedFloats : 0;
  const memory = await createTrainingMemory(parameters, scratch.floats + accumulationFloats);
  const wordGradient = createWordGradient(memory, scratch.wordRows);
  const dropout = createDropoutMasks(memory, scratch.pools);

  const { threads, profilePrefix } = options;
  const training = await openOnnxSession(encodeModel(returningNothing(graph)), { threads, profilePrefix });
  const parameterFeeds = Object.fromEntries(
    memory.slots.map((slot): [string, Feed] => [
      slot.name,
      { data: memory.view('weights', slot), shape: slot.shape },
    ]),
  );
  /** Where each gradient is written: its place, or beside it when it must be added to what is there. */
  const gradientTargets = (isFirst: boolean): Record<string, Feed> =>
    Object.fromEntries(
      memory.slots
        .filter(({ name, trainable }) => trainable && name !== WORD_EMBEDDINGS)
        .map((slot) => {
          const aside = scratch.floats + slot.offset;
          const data = isFirst
            ? memory.view('gradients', slot)
            : memory.scratch.floats.subarray(aside, aside + slot.length);
          return [gradientOf(slot.name), { data, shape: slot.shape }];
        }),
    );
  const [inPlace, aside] = [gradientTargets(true), options.accumulates ? gradientTargets(false) : {}];

  return {
    memory,
    backward: async (batch, targets, { seed, step, part }) => {
      const [rows, time] = batch.shape;
      const maskFeeds = masks.map((mask, index): [string, Feed] => {
        const shape = mask.shape.map((dim) => resolveDim(dim, batch.shape));
        // Parts of one step have masks of their own: a step never has as many as 2^16 of them.
        const draw = { seed, step, mask: part * 0x1_0000 + index };
        return [mask.name, { data: dropout.mask(mask.probability, count(shape), draw), shape }];
      });
      if (part === 0) wordGradient?.clear();
      const loss = new Float32Array(1);
      const logits = new Float32Array(rows * config.labels.length);
      await training.runInto(
        {
          ...parameterFeeds,
          ...batchFeeds(batch),
          ...Object.fromEntries(maskFeeds),
          targets: { data: targets, shape: [rows, config.labels.length] },
        },
        {
          loss: { data: loss, shape: [] },
          logits: { data: logits, shape: [rows, config.labels.length] },
          ...(part === 0 ? inPlace : aside),
          ...wordRows(wordGradient, rows, time, config.dim),
        },
      );
      wordGradient?.scatter(batch.tokenIndices, options.padIndex);
      if (part > 0) addAside(memory, scratch.floats);
      return { loss: loss[0] as number, logits };
    },
    openForward: async () => {
      const forward = await openOnnxSession(encodeModel(buildValidationGraph(config, vocabulary)), {
        threads,
      });
      return {
        logits: async (batch) => {
          const { logits } = await forward.run({ ...parameterFeeds, ...batchFeeds(batch) });
          return logits?.data ?? new Float32Array();
        },
        close: () => forward.close(),
      };
    },
    close: () => training.close(),
  };
}

function batchFeeds({ shape, inputIds, attentionMask }: Batch): Record<string, Feed> {
  return { input_ids: { data: inputIds, shape }, attention_mask: { data: attentionMask, shape } };
}

function wordRows(
  wordGradient: WordGradient | null,
  rows: number,
  time: number,
  dim: number,
): Record<string, Feed> {
  if (wordGradient === null) return {};
  return { [WORD_ROWS]: { data: wordGradient.rows(rows * time), shape: [rows, time, dim] } };
}

function addAside(memory: TrainingMemory, floats: number): void {
  for (const slot of memory.slots) {
    if (!slot.trainable || slot.name === WORD_EMBEDDINGS) continue;
    const { start, end } = memory.range('gradients', slot);
    memory.kernels.addInto(start, end, memory.scratch.start + (floats + slot.offset) * 4);
  }
}

/**
 * Where in the scratch room the word rows and the pools of dropout lie, for the largest batch there will be.
 */
function planScratch(
  { config, maxShape }: EngineOptions,
  masks: readonly MaskInput[],
): { wordRows: number; pools: PoolPlan; floats: number } {
  const lengths = masks.map(({ probability, shape }) => ({
    probability,
    length: count(shape.map((dim) => resolveDim(dim, maxShape))),
  }));
  const pools = planPools(lengths, padded(maxShape[0] * maxShape[1] * config.dim));
  return { wordRows: 0, pools, floats: pools.end };
}

function resolveDim(dim: Shape[number], [batch, time]: readonly [number, number]): number {
  if (typeof dim === 'number') return dim;
  return dim.split('*').reduce((product, symbol) => product * (symbol === 'batch' ? batch : time), 1);
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}
