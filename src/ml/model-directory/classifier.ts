/** A model directory at work: texts in, probabilities of the positive label out. */
import path from 'node:path';
import { AppError } from '../../core/errors.ts';
import { isFile, readBaseModel, readConfigJson } from '../base/index.ts';
import { sigmoid } from '../scoring/index.ts';
import { ONNX_FILES, readManifest, type Manifest, type Precision } from './manifest.ts';
import { buildClassifierGraph, parseDistilBertConfig, type DistilBertConfig } from '../models/index.ts';
import { encodeModel, openOnnxSession, type OnnxSession } from '../onnx/index.ts';
import { bucketByLength, openTokenizer, padBatch, type TokenIds } from '../text/index.ts';

export interface ClassifierOptions {
  /** auto: as the model directory says; fp32 where it says nothing. */
  precision?: Precision | 'auto';
  /** ONNX Runtime threads of the session; 1 by default. */
  threads?: number;
  /** Tokens; longer texts are cut. As in training by default. */
  maxLength?: number;
  /** Padded tokens of one batch of `score`. */
  maxBatchTokens?: number;
}

export interface ClassifierInfo {
  modelDirectory: string;
  precision: Precision;
  maxLength: number;
  decisionThreshold: number;
  /** Undefined for a model directory that was not made by copyloop. */
  manifest: Manifest | undefined;
}

export interface Classifier {
  /** Names in the order of the logits; the positive label is the second. */
  readonly labels: readonly string[];
  readonly info: ClassifierInfo;
  /** Token ids, special ones included, at most maxLength. */
  tokenize(text: string): number[];
  /** Probability of the positive label of each text, in their order; batches of like length. */
  score(
    texts: readonly string[],
    options?: { signal?: AbortSignal; onProgress?: (done: number) => void },
  ): Promise<Float32Array>;
  /** The same for one batch of token ids, run as it is. */
  scoreTokens(sequences: readonly TokenIds[]): Promise<Float32Array>;
  /** Ends the session; no run may be in progress. */
  close(): Promise<void>;
}

const DEFAULT_MAX_LENGTH = 128;
const DEFAULT_BATCH_TOKENS = 2048;
/** Probabilities may differ by this much between CPUs: rounding of float32, and of int8's scales. */
const PROBE_TOLERANCE: Readonly<Record<Precision, number>> = { fp32: 1e-3, int8: 0.02 };

/**
 * Opens a model directory and, where it holds probes, proves that it still scores them as it did when it was
 * made. A DistilBERT classifier without `onnx/` (not made by copyloop) is exported in memory first.
 *
 * @throws AppError `bad-model` naming what is wrong, `unsupported` for another architecture or a number of
 *   labels other than two
 */
export async function openClassifier(
  modelDirectory: string,
  options: ClassifierOptions = {},
): Promise<Classifier> {
  const [manifest, configJson, tokenizer] = await Promise.all([
    readManifest(modelDirectory),
    readConfigJson(modelDirectory),
    openTokenizer(modelDirectory),
  ]);
  const config = parseDistilBertConfig(configJson);
  if (config.labels.length !== 2) {
    throw new AppError(
      'unsupported',
      `${modelDirectory} has ${config.labels.length} labels; a copy-quality model has two`,
    );
  }
  const wanted = options.precision ?? 'auto';
  const precision = wanted === 'auto' ? (manifest?.servePrecision ?? 'fp32') : wanted;
  const maxLength = Math.min(
    options.maxLength ?? manifest?.maxLength ?? DEFAULT_MAX_LENGTH,
    config.positions,
  );
  const session = await openSession(modelDirectory, config, precision, options.threads ?? 1);

  const classifier: Classifier = {
    labels: config.labels,
    info: {
      modelDirectory,
      precision,
      maxLength,
      decisionThreshold: manifest?.decisionThreshold ?? 0.5,
      manifest,
    },
    tokenize: (text) => tokenizer.encode(text, maxLength),
    scoreTokens: async (sequences) => {
      const padded = padBatch(sequences, tokenizer.padTokenId);
      const shape = [padded.batch, padded.time];
      const { logits } = await session.run({
        input_ids: { data: padded.inputIds, shape },
        attention_mask: { data: padded.attentionMask, shape },
      });
      if (logits === undefined || logits.data.length !== 2 * padded.batch) {
        throw new AppError('bad-model', `${modelDirectory} does not answer with two logits per text`);
      }
      return Float32Array.from({ length: padded.batch }, (_, row) =>
        sigmoid((logits.data[row * 2 + 1] ?? Number.NaN) - (logits.data[row * 2] ?? Number.NaN)),
      );
    },
    score: async (texts, { signal, onProgress } = {}) => {
      const sequences = texts.map((text) => tokenizer.encode(text, maxLength));
      const scores = new Float32Array(texts.length);
      const lengths = sequences.map((ids) => ids.length);
      let done = 0;
      for (const rows of bucketByLength(lengths, options.maxBatchTokens ?? DEFAULT_BATCH_TOKENS)) {
        signal?.throwIfAborted();
        const batch = await classifier.scoreTokens(rows.map((row) => sequences[row] ?? []));
        rows.forEach((row, index) => {
          scores[row] = batch[index] ?? Number.NaN;
        });
        done += rows.length;
        onProgress?.(done);
      }
      return scores;
    },
    close: () => session.close(),
  };
  try {
    if (manifest !== undefined && maxLength >= manifest.maxLength) await checkProbes(classifier, manifest);
  } catch (thrown) {
    await session.close();
    throw thrown;
  }
  return classifier;
}

async function openSession(
  modelDirectory: string,
  config: DistilBertConfig,
  precision: Precision,
  threads: number,
): Promise<OnnxSession> {
  const file = path.join(modelDirectory, ONNX_FILES[precision]);
  if (await isFile(file)) return openOnnxSession(file, { threads, spinning: false });
  if (precision === 'int8') throw new AppError('bad-model', `${file} is missing: score in fp32 instead`);
  const { readWeights } = await readBaseModel(modelDirectory);
  return openOnnxSession(encodeModel(buildClassifierGraph(config, await readWeights())), {
    threads,
    spinning: false,
  });
}

/**
 * Each text in a run of its own: int8 scales activations by the range of the whole batch, so a probe must not
 * share one.
 */
export async function scoreSingly(classifier: Classifier, texts: readonly string[]): Promise<number[]> {
  const scores: number[] = [];
  for (const text of texts) {
    const [score = Number.NaN] = await classifier.scoreTokens([classifier.tokenize(text)]);
    scores.push(score);
  }
  return scores;
}

async function checkProbes(classifier: Classifier, { probes }: Manifest): Promise<void> {
  const { precision, modelDirectory } = classifier.info;
  const scores = await scoreSingly(
    classifier,
    probes.map((probe) => probe.text),
  );
  probes.forEach((probe, index) => {
    const score = scores[index] ?? Number.NaN;
    if (!(Math.abs(score - probe[precision]) <= PROBE_TOLERANCE[precision])) {
      const text = JSON.stringify(probe.text.slice(0, 40));
      throw new AppError(
        'bad-model',
        `${modelDirectory} (${precision}) scores the probe ${text} ${score} instead of ${probe[precision]}`,
      );
    }
  });
}
