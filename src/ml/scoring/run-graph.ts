/**
 * Runs an inference graph over many texts in memory: the frozen encoder's states for `head`, logits to judge
 * by.
 */
import { AppError } from '../../core/errors.ts';
import type { BaseModel } from '../base/index.ts';
import { buildEncoderGraph } from '../models/index.ts';
import { encodeModel, openOnnxSession, type OnnxGraph, type OnnxOutput } from '../onnx/index.ts';
import { bucketByLength, padBatch, type TextTokenizer } from '../text/index.ts';

export interface RunOptions {
  maxLength: number;
  /** ONNX Runtime threads. */
  threads: number;
  signal?: AbortSignal;
  /** Called after each batch with the number of texts done. */
  onProgress?: (done: number) => void;
}

/** Padded tokens of one batch: enough to keep the cores busy, few enough to stay in their caches. */
const BATCH_TOKENS = 2048;

/** First-token states of the last layer, in the order of the texts: row-major [texts, dim]. */
export async function computeStates(
  base: BaseModel,
  tokenizer: TextTokenizer,
  texts: readonly string[],
  options: RunOptions,
): Promise<Float32Array> {
  const graph = buildEncoderGraph(base.config, await base.readWeights());
  return runOverTexts(graph, tokenizer, texts, options);
}

/**
 * Positive logit less negative logit of each text, by a graph of `buildClassifierGraph`, quantised or not.
 */
export async function computeMargins(
  graph: OnnxGraph,
  tokenizer: TextTokenizer,
  texts: readonly string[],
  options: RunOptions,
): Promise<Float32Array> {
  return marginsOf(await runOverTexts(graph, tokenizer, texts, options));
}

/** [rows, 2] -> [rows] */
export function marginsOf(logits: Float32Array): Float32Array {
  return Float32Array.from(
    { length: logits.length / 2 },
    (_, row) => (logits[row * 2 + 1] ?? 0) - (logits[row * 2] ?? 0),
  );
}

/** The graph's one output, [texts, width]. */
async function runOverTexts(
  graph: OnnxGraph,
  tokenizer: TextTokenizer,
  texts: readonly string[],
  options: RunOptions,
): Promise<Float32Array> {
  let results: Float32Array | undefined;
  await runBatches(graph, tokenizer, texts, options, (outputs, rows) => {
    const [output] = Object.values(outputs);
    if (output === undefined) throw new AppError('internal', `the graph ${graph.name} has no output`);
    const width = output.data.length / rows.length;
    const all = (results ??= new Float32Array(texts.length * width));
    rows.forEach((row, index) => {
      all.set(output.data.subarray(index * width, (index + 1) * width), row * width);
    });
  });
  return results ?? new Float32Array(0);
}

/**
 * Runs the graph over texts in batches of like length. @param onBatch hears the outputs, and which texts they
 * are of
 */
export async function runBatches(
  graph: OnnxGraph,
  tokenizer: TextTokenizer,
  texts: readonly string[],
  { maxLength, threads, signal, onProgress }: RunOptions,
  onBatch: (outputs: Readonly<Record<string, OnnxOutput>>, rows: readonly number[]) => void,
): Promise<void> {
  const sequences = texts.map((text) => tokenizer.encode(text, maxLength));
  const lengths = sequences.map((ids) => ids.length);
  const session = await openOnnxSession(encodeModel(graph), { threads });
  try {
    let done = 0;
    for (const rows of bucketByLength(lengths, BATCH_TOKENS)) {
      signal?.throwIfAborted();
      const padded = padBatch(
        rows.map((row) => sequences[row] ?? []),
        tokenizer.padTokenId,
      );
      const shape = [padded.batch, padded.time];
      const outputs = await session.run({
        input_ids: { data: padded.inputIds, shape },
        attention_mask: { data: padded.attentionMask, shape },
      });
      onBatch(outputs, rows);
      done += rows.length;
      onProgress?.(done);
    }
  } finally {
    await session.close();
  }
}
