/** First-token states of a frozen encoder: what the `head` recipe learns from, computed once. */
import type { BaseModel } from './base-model.ts';
import { buildEncoderGraph } from './models/index.ts';
import { encodeModel, openOnnxSession } from './onnx/index.ts';
import { bucketByLength, padBatch, type TextTokenizer } from './tokenizer.ts';

export interface StatesOptions {
  maxLength: number;
  /** ONNX Runtime threads. */
  threads: number;
  signal?: AbortSignal;
  /** Called after each batch with the number of texts done. */
  onProgress?: (done: number) => void;
}

/** Padded tokens of one batch: enough to keep the cores busy, few enough to stay in their caches. */
const BATCH_TOKENS = 2048;

/** States of `texts` in their order: row-major float32 [texts, dim]. */
export async function computeStates(
  base: BaseModel,
  tokenizer: TextTokenizer,
  texts: readonly string[],
  options: StatesOptions,
): Promise<Float32Array> {
  const { dim } = base.config;
  const sequences = texts.map((text) => tokenizer.encode(text, options.maxLength));
  const states = new Float32Array(texts.length * dim);
  const session = await openOnnxSession(encodeModel(buildEncoderGraph(base.config, base.weights)), {
    threads: options.threads,
  });
  try {
    let done = 0;
    for (const rows of bucketByLength(
      sequences.map((ids) => ids.length),
      BATCH_TOKENS,
    )) {
      options.signal?.throwIfAborted();
      const padded = padBatch(
        rows.map((row) => sequences[row] ?? []),
        tokenizer.padTokenId,
      );
      const shape = [padded.batch, padded.time];
      const { states: output } = await session.run({
        input_ids: { data: padded.inputIds, shape },
        attention_mask: { data: padded.attentionMask, shape },
      });
      rows.forEach((row, index) => {
        if (output) states.set(output.data.subarray(index * dim, (index + 1) * dim), row * dim);
      });
      done += rows.length;
      options.onProgress?.(done);
    }
  } finally {
    await session.close();
  }
  return states;
}
