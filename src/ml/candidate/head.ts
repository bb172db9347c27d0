/**
 * The `head` recipe: states of the frozen encoder, computed once, then the classification head in
 * TensorFlow.js. Early stopping watches the honest log loss on the validation rows; the best epoch's weights
 * are the result. Where rows name the fields of their texts, a regression with weights of each field's own
 * takes the place of the epochs (field-head.ts).
 */
import { AppError } from '../../core/errors.ts';
import { logLossOf } from '../../core/log-loss.ts';
import { createRandom } from '../../core/random.ts';
import { computeStates, marginsOf, sigmoid } from '../scoring/index.ts';
import { encoderWeights } from '../models/index.ts';
import {
  computeClassWeights,
  joinRows,
  metricsOfMargins,
  type LabelledTexts,
  type Trained,
  type TrainerContext,
} from './trainer.ts';
import type { EpochMetrics } from './protocol.ts';
import {
  columnMoments,
  drawDropoutMask,
  foldStandardisation,
  headMargins,
  openHeadNetwork,
  type HeadNetwork,
  type HeadWeights,
} from './head-network.ts';
import { findTellable, fitFieldHead, listFields } from './field-head.ts';
import { openTensorFlow, type TensorFlow } from './tensorflow.ts';

/** What `auto` means here. */
const AUTO = { epochs: 60, learningRate: 3e-4 };
/** A log loss must fall by this much to count as better, so that noise does not prolong training. */
const MINIMUM_GAIN = 1e-4;

/** States of the training rows, then of the validation rows: row-major [rows, dim]. */
export interface HeadStates {
  train: Float32Array;
  validation: Float32Array;
}

export async function trainHead(context: TrainerContext): Promise<Trained> {
  return await trainHeadOnStates(context, await encodeRows(context));
}

/** For whoever has the states already. */
export async function trainHeadOnStates(
  context: Omit<TrainerContext, 'tokenizer' | 'threads' | 'workDirectory' | 'log'>,
  states: HeadStates,
): Promise<Trained> {
  return (await fitByField(context, states)) ?? (await trainByEpochs(context, states));
}

type HeadContext = Parameters<typeof trainHeadOnStates>[0];

/** @returns undefined where no field has weights of its own */
async function fitByField(context: HeadContext, states: HeadStates): Promise<Trained | undefined> {
  const startedMs = performance.now();
  const { base, train, validation, recipe } = context;
  const { dim } = base.config;
  const candidates = listFields(train, dim);
  if (candidates.length === 0) return undefined;
  context.signal.throwIfAborted();
  // On the scale of the texts that are to be told apart: what sources say is longer, and varies otherwise.
  const named = train.labels.flatMap((_, row) => (train.fields?.[row] === undefined ? [] : [row]));
  const moments = columnMoments(pickRows(states.train, dim, named), dim);
  const fields = findTellable(train, standardise(states.train, moments), dim, candidates);
  if (fields.length === 0) return undefined;
  const fit = (rows: LabelledTexts, of: Float32Array): HeadWeights =>
    fitFieldHead(rows, standardise(of, moments), dim, fields);
  const head = fit(train, states.train);
  const evenTargets = (rows: LabelledTexts): Float32Array => createTargets(rows, [1, 1], 0);
  const margins = headMargins(head, standardise(states.validation, moments), dim);
  const report: EpochMetrics = {
    epoch: 1,
    trainLoss: crossEntropy(headMargins(head, standardise(states.train, moments), dim), evenTargets(train)),
    validationLoss: crossEntropy(margins, evenTargets(validation)),
    validation: metricsOfMargins(margins, validation, 0),
    durationMs: performance.now() - startedMs,
  };
  context.onStep({ step: 1, loss: report.trainLoss, learningRate: 0 });
  context.onEpoch(report);
  context.onProgress({ phase: 'train', fraction: 1, epoch: 1, step: 1 });
  const encoder = encoderWeights(base.config, await base.readWeights());
  const toWeights = (of: HeadWeights) => new Map([...encoder, ...foldStandardisation(of, moments)]);
  return {
    weights: toWeights(head),
    priorShift: 0,
    // Nothing was chosen by the validation rows, so that they may teach as well.
    refit: () => {
      const all = new Float32Array(states.train.length + states.validation.length);
      all.set(states.train);
      all.set(states.validation, states.train.length);
      return Promise.resolve({ weights: toWeights(fit(joinRows(train, validation), all)), priorShift: 0 });
    },
    epochs: [report],
    bestEpoch: 1,
    recipe: { ...recipe, epochs: 1, learningRate: AUTO.learningRate },
    facts: {
      backend: 'regression',
      steps: 1,
      fields: fields.join(', '),
      trainedParameters: (dim + 1) * (1 + 2 * fields.length),
    },
  };
}

async function trainByEpochs(context: HeadContext, states: HeadStates): Promise<Trained> {
  const { base, train, validation, signal } = context;
  const recipe = {
    ...context.recipe,
    epochs: context.recipe.epochs === 'auto' ? AUTO.epochs : context.recipe.epochs,
    learningRate: context.recipe.learningRate === 'auto' ? AUTO.learningRate : context.recipe.learningRate,
    dropout: context.recipe.dropout ?? base.config.classifierDropout,
  };
  const { tf, backend } = await openTensorFlow();
  const moments = columnMoments(states.train, base.config.dim);
  const classWeights = computeClassWeights(train, recipe.classWeights);
  const priorShift = Math.log(classWeights[1] / classWeights[0]);
  const standardised = {
    train: standardise(states.train, moments),
    validation: tf.tensor2d(standardise(states.validation, moments), [
      validation.texts.length,
      base.config.dim,
    ]),
  };
  const network = openHeadNetwork(tf, { dim: base.config.dim, ...recipe });
  try {
    const targets = createTargets(train, classWeights, recipe.labelSmoothing);
    const validationTargets = createTargets(validation, classWeights, recipe.labelSmoothing);
    const random = createRandom(context.seed);
    let best: { epoch: number; logLoss: number; weights: HeadWeights } | undefined;
    let steps = 0;
    const epochs: EpochMetrics[] = [];
    for (let epoch = 1; epoch <= recipe.epochs; epoch += 1) {
      const startedMs = performance.now();
      const order = random.shuffle(Int32Array.from(train.labels.keys()));
      let lossSum = 0;
      for (let first = 0; first < order.length; first += recipe.batchSize) {
        signal.throwIfAborted();
        const rows = order.subarray(first, first + recipe.batchSize);
        const mask =
          recipe.dropout === 0
            ? null
            : drawDropoutMask(random, rows.length * base.config.dim, recipe.dropout);
        const loss = stepOn(tf, network, {
          rows,
          states: standardised.train,
          targets,
          mask,
          dim: base.config.dim,
        });
        if (!Number.isFinite(loss)) {
          throw new AppError(
            'diverged',
            `the loss became ${loss} in step ${steps + 1} (epoch ${epoch}, learning rate ${recipe.learningRate}): lower the learning rate`,
          );
        }
        lossSum += loss * rows.length;
        steps += 1;
        context.onStep({ step: steps, loss, learningRate: recipe.learningRate });
      }
      const margins = marginsOf(network.logits(standardised.validation));
      const metrics = metricsOfMargins(margins, validation, priorShift);
      const report: EpochMetrics = {
        epoch,
        trainLoss: lossSum / order.length,
        validationLoss: crossEntropy(margins, validationTargets),
        validation: metrics,
        durationMs: performance.now() - startedMs,
      };
      epochs.push(report);
      context.onEpoch(report);
      context.onProgress({ phase: 'train', fraction: epoch / recipe.epochs, epoch, step: steps });
      if (best === undefined || metrics.logLoss < best.logLoss - MINIMUM_GAIN) {
        best = { epoch, logLoss: metrics.logLoss, weights: network.read() };
      }
      if (recipe.earlyStoppingPatience !== null && epoch - best.epoch >= recipe.earlyStoppingPatience) break;
      // Aborts and messages arrive through the event loop, which the steps of an epoch never give way to.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (best === undefined) throw new AppError('internal', 'no epoch was trained');
    return {
      weights: new Map([
        ...encoderWeights(base.config, await base.readWeights()),
        ...foldStandardisation(best.weights, moments),
      ]),
      priorShift,
      refit: null,
      epochs,
      bestEpoch: best.epoch,
      recipe,
      facts: {
        backend: `tfjs-${backend}`,
        steps,
        trainedParameters: (base.config.dim + 1) * (base.config.dim + 2),
      },
    };
  } finally {
    network.close();
    standardised.validation.dispose();
  }
}

/** A row with an open label is two rows of one text: each text is read once. */
async function encodeRows(context: TrainerContext): Promise<HeadStates> {
  const { base, tokenizer, train, validation, recipe } = context;
  const { dim } = base.config;
  const all = [...train.texts, ...validation.texts];
  const texts = [...new Set(all)];
  const states = await computeStates(base, tokenizer, texts, {
    maxLength: recipe.maxLength,
    threads: context.threads,
    signal: context.signal,
    onProgress: (done) => context.onProgress({ phase: 'encode', fraction: done / texts.length }),
  });
  const places = new Map(texts.map((text, place) => [text, place]));
  const rows = new Float32Array(all.length * dim);
  all.forEach((text, row) => {
    const place = places.get(text) ?? 0;
    rows.set(states.subarray(place * dim, (place + 1) * dim), row * dim);
  });
  const border = train.texts.length * dim;
  return { train: rows.subarray(0, border), validation: rows.subarray(border) };
}

function pickRows(states: Float32Array, dim: number, rows: ArrayLike<number>): Float32Array {
  const picked = new Float32Array(rows.length * dim);
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[i] as number;
    picked.set(states.subarray(row * dim, (row + 1) * dim), i * dim);
  }
  return picked;
}

function standardise(
  values: Float32Array,
  { mean, deviation }: { mean: Float64Array; deviation: Float64Array },
): Float32Array {
  const dim = mean.length;
  return values.map((value, index) => (value - (mean[index % dim] ?? 0)) / (deviation[index % dim] ?? 1));
}

/** Target share of both classes for each row, times its weight (mean 1 over the rows): [rows, 2]. */
function createTargets(rows: LabelledTexts, classWeights: [number, number], smoothing: number): Float32Array {
  const meanWeight = rows.weights.reduce((sum, weight) => sum + weight, 0) / rows.weights.length;
  const targets = new Float32Array(rows.labels.length * 2);
  rows.labels.forEach((label, row) => {
    const weight = ((rows.weights[row] ?? 1) / meanWeight) * classWeights[label];
    targets[row * 2 + label] = weight * (1 - smoothing / 2);
    targets[row * 2 + 1 - label] = weight * (smoothing / 2);
  });
  return targets;
}

interface StepInput {
  rows: Int32Array;
  states: Float32Array;
  targets: Float32Array;
  mask: Float32Array | null;
  dim: number;
}

function stepOn(
  tf: TensorFlow,
  network: HeadNetwork,
  { rows, states, targets, mask, dim }: StepInput,
): number {
  const batchStates = pickRows(states, dim, rows);
  const batchTargets = new Float32Array(rows.length * 2);
  rows.forEach((row, index) => {
    batchTargets.set(targets.subarray(row * 2, (row + 1) * 2), index * 2);
  });
  return tf.tidy(() =>
    network.step(
      {
        states: tf.tensor2d(batchStates, [rows.length, dim]),
        targets: tf.tensor2d(batchTargets, [rows.length, 2]),
      },
      mask === null ? null : tf.tensor2d(mask, [rows.length, dim]),
    ),
  );
}

/** Cross entropy of targets [rows, 2]. */
function crossEntropy(margins: Float32Array, targets: Float32Array): number {
  const sum = margins.reduce((total, margin, row) => {
    const probability = sigmoid(margin);
    const [ofNegative, ofPositive] = [targets[row * 2] ?? 0, targets[row * 2 + 1] ?? 0];
    return total + ofNegative * logLossOf(probability, 0) + ofPositive * logLossOf(probability, 1);
  }, 0);
  return sum / margins.length;
}
