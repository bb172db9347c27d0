/**
 * Training of all weights of a DistilBERT classifier, on one page: from rows of token ids to the best weights
 * found.
 *
 *   npx copyloop train --data reviews.csv --map title=Title --map description="Review Text" \
 *     --map rating=Rating --recipe full --out model
 *
 * Loss and pace are printed as it goes. On labels that can be learnt the loss starts near 0.69 (log 2) and is
 * below 0.2 by the last epoch; `npm run bench:epoch` and `bench:train` measure the time.
 *
 * What a step is built of lies beside it: data.ts (batches), engine.ts (the graph, run in place),
 * optimizer.ts (AdamW), checkpoint.ts (a killed training goes on where it was), divergence.ts.
 */
import { AppError } from '../../core/errors.ts';
import type { DistilBertConfig } from '../models/index.ts';
import { computeMetrics, sigmoid, type ClassificationMetrics } from '../scoring/index.ts';
import { releaseMemory, type TrainingMemory } from '../wasm/index.ts';
import { fingerprintOf, loadCheckpoint, saveCheckpoint, type Progress } from './checkpoint.ts';
import type { EpochReport, FullTraining, StepReport, TokenRows, TrainedModel } from './contract.ts';
import {
  assembleBatch,
  checkRows,
  chunk,
  lossTargets,
  paddedLength,
  planEpoch,
  planValidation,
  sumWeights,
  weighClasses,
} from './data.ts';
import { checkLoss, checkProbabilities, checkWeights, type StepOutcome } from './divergence.ts';
import { openEngine, type Engine } from './engine.ts';
import { createOptimizer, isTrained, rateFactor, type Optimizer } from './optimizer.ts';
import { collectVocabulary, loadWeights, readTrainedWeights, type Vocabulary } from './weights.ts';

const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const VALIDATION_BATCH = 16;
/** Paces are means over the last so many steps, because batches differ in length. */
const PACE_STEPS = 50;

// --- Settings in, model out ---

/**
 * Memory: 16 bytes for every trained weight (the embedding counts only words that occur), the activations of
 * the largest batch, and the weights once more for the best epoch. `npm run bench:memory` measures the whole
 * process.
 *
 * @throws `diverged` naming step, learning rate and rows; `cancelled` within a step of the signal; `bad-data`
 * for rows that do not fit the encoder; `conflict` when the checkpoint belongs to another training
 */
export async function trainFull(training: FullTraining): Promise<TrainedModel> {
  const { config, settings, train, validation, threads = 2 } = training;
  checkRows(training);
  const sequences = [...train.inputIds, ...(validation?.inputIds ?? [])];
  const vocabulary = collectVocabulary(config.vocabulary, sequences, config.padTokenId);
  const longest = train.inputIds.reduce((most, ids) => Math.max(most, ids.length), 0);
  const engine = await openEngine({
    config: withDropout(config, settings.dropout),
    vocabulary: vocabulary.ids.length,
    padIndex: vocabulary.indexOf(config.padTokenId),
    isTrained: (name) => isTrained(name, config, settings),
    maxShape: [Math.min(settings.batchSize, train.labels.length), paddedLength(longest, config.positions)],
    accumulates: settings.gradientAccumulation > 1,
    threads,
  });
  let progress: Progress;
  try {
    progress = await takeSteps({ training, vocabulary, engine });
  } finally {
    await engine.close();
    releaseMemory();
  }
  // Only now, when the activations are gone: the weights are copied out, which would be the training's peak
  // of memory.
  return takeBest(training, vocabulary, engine.memory, progress);
}

function withDropout(config: DistilBertConfig, dropout: number | null): DistilBertConfig {
  if (dropout === null) return config;
  return { ...config, dropout, attentionDropout: dropout, classifierDropout: dropout };
}

// --- Plan and schedule ---

/** How many steps a training takes: known before it starts. */
interface TrainingPlan {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly schedule: Schedule;
}

/**
 * Learning rate over a training: linear from 0 to the peak, then linear to 0 (Hugging Face's linear
 * schedule).
 */
interface Schedule {
  readonly peak: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

function planTraining({ settings, train }: Pick<FullTraining, 'settings' | 'train'>): TrainingPlan {
  const batches = Math.ceil(train.labels.length / settings.batchSize);
  const stepsPerEpoch = Math.ceil(batches / settings.gradientAccumulation);
  const totalSteps = stepsPerEpoch * settings.epochs;
  const warmupSteps = Math.round(totalSteps * settings.warmupFraction);
  return { stepsPerEpoch, totalSteps, schedule: { peak: settings.learningRate, warmupSteps, totalSteps } };
}

/** @param step counted from 0 */
export function learningRateAt({ peak, warmupSteps, totalSteps }: Schedule, step: number): number {
  if (step < warmupSteps) return (peak * step) / warmupSteps;
  return (peak * Math.max(0, totalSteps - step)) / Math.max(1, totalSteps - warmupSteps);
}

// --- Data: each epoch's batches, those of one step together ---

/**
 * Numbers of the training rows: of each step, of each of its batches. Seed and epoch (from 0) decide them.
 */
function planSteps({ train, settings, seed }: FullTraining, epoch: number): number[][][] {
  const lengths = train.inputIds.map((ids) => ids.length);
  return chunk(planEpoch(lengths, settings.batchSize, seed, epoch), settings.gradientAccumulation);
}

// --- One step: the gradients of its batches, checked, then the optimiser's update ---

interface StepContext extends Pick<FullTraining, 'config' | 'settings' | 'train' | 'seed'> {
  readonly engine: Engine;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly vocabulary: Vocabulary;
}

/**
 * @param stepsDone steps before this one: they decide the learning rate and the dropout
 * @param batches numbers of the rows of each batch; the gradients of all of them make the step
 */
type TakeStep = (stepsDone: number, batches: readonly (readonly number[])[]) => Promise<StepOutcome>;

/**
 * The function that takes a step. It throws `diverged` instead of learning from a loss or a gradient gone
 * wrong.
 */
export function createStep(context: StepContext): TakeStep {
  const { engine, optimizer, schedule, config, settings, train, vocabulary, seed } = context;
  const classWeights = weighClasses(train, config.labels.length, settings.classWeights);

  return async (stepsDone, batches) => {
    const rows = batches.flat();
    const totalWeight = sumWeights(train, rows, classWeights);
    let loss = 0;
    let tokens = 0;
    for (const [part, batchRows] of batches.entries()) {
      const batch = assembleBatch(train, batchRows, vocabulary, config);
      const targets = lossTargets(train, batchRows, classWeights, settings.labelSmoothing, totalWeight);
      loss += (await engine.backward(batch, targets, { seed, step: stepsDone, part })).loss;
      tokens += batch.shape[0] * batch.shape[1];
    }
    const step = stepsDone + 1;
    const learningRate = learningRateAt(schedule, stepsDone);
    const gradientNorm = optimizer.gradientNorm();
    const outcome = { step, learningRate, loss, gradientNorm, rows, tokens };
    checkLoss(outcome);
    optimizer.update(step, learningRate, gradientNorm);
    return outcome;
  };
}

// --- Validation and early stopping: which epoch's weights are returned, and when a training need not go on
// ---

/**
 * Metrics of the weights in training on rows that they do not learn from. @param lastStep that the weights
 * come from
 */
async function validate(
  { training: { config, signal }, vocabulary, engine }: Running,
  rows: TokenRows,
  lastStep: StepOutcome,
): Promise<ClassificationMetrics> {
  const probabilities = new Float64Array(rows.labels.length);
  const lengths = rows.inputIds.map((ids) => ids.length);
  const forward = await engine.openForward();
  try {
    for (const numbers of planValidation(lengths, VALIDATION_BATCH)) {
      throwIfCancelled(signal, lastStep.step);
      const logits = await forward.logits(assembleBatch(rows, numbers, vocabulary, config));
      numbers.forEach((row, i) => {
        probabilities[row] = sigmoid((logits[2 * i + 1] as number) - (logits[2 * i] as number));
      });
    }
  } finally {
    await forward.close();
  }
  checkProbabilities(probabilities, lastStep);
  return computeMetrics(probabilities, rows.labels as (0 | 1)[], rows.weights);
}

/**
 * As accurate as the most accurate epoch so far, but for what chance explains: one standard error. The
 * learning rate falls all the time, so of weights that validate alike the later ones are better settled.
 */
function isAtLeastAsGood(
  { accuracy, rows }: ClassificationMetrics,
  reports: readonly EpochReport[],
): boolean {
  const highest = Math.max(...reports.map(({ validation }) => validation?.accuracy ?? 0));
  return accuracy >= highest - Math.sqrt((highest * (1 - highest)) / rows);
}

/** Whether that many epochs in a row were better than all before them neither in loss nor in accuracy. */
export function hasStalled(reports: readonly EpochReport[], patience: number | null): boolean {
  if (patience === null) return false;
  let [lowestLoss, highestAccuracy, improved] = [Infinity, -Infinity, 0];
  for (const { epoch, validation } of reports) {
    if (validation === null) return false;
    const { logLoss, accuracy } = validation;
    if (logLoss < lowestLoss || accuracy > highestAccuracy) improved = epoch;
    lowestLoss = Math.min(lowestLoss, logLoss);
    highestAccuracy = Math.max(highestAccuracy, accuracy);
  }
  return reports.length - improved >= patience;
}

// --- The loop ---

/** A training under way. */
interface Running {
  readonly training: FullTraining;
  readonly vocabulary: Vocabulary;
  readonly engine: Engine;
}

/** All steps from the start, or from the checkpoint, to the end. */
async function takeSteps(running: Running): Promise<Progress> {
  const { training, vocabulary, engine } = running;
  const { config, settings, train, seed, checkpointDirectory = null } = training;
  const { stepsPerEpoch, totalSteps, schedule } = planTraining(training);
  const fingerprint = await loadStart(running);
  const optimizer = createOptimizer(
    engine.memory,
    { ...ADAMW, weightDecay: settings.weightDecay, maxGradientNorm: settings.clipNorm ?? Infinity },
    (name) => rateFactor(name, config, settings),
  );
  const saved =
    checkpointDirectory === null
      ? null
      : await loadCheckpoint(checkpointDirectory, fingerprint, engine.memory);
  const progress = saved ?? { step: 0, unusedRowDecay: 1, epochLoss: 0, reports: [], best: null };
  releaseMemory();
  const takeStep = createStep({ engine, optimizer, schedule, config, settings, train, vocabulary, seed });
  const paceOf = createPace(totalSteps, progress.step);

  while (progress.step < totalSteps && !hasStalled(progress.reports, settings.earlyStoppingPatience)) {
    const epoch = Math.floor(progress.step / stepsPerEpoch);
    for (const batches of planSteps(training, epoch).slice(progress.step % stepsPerEpoch)) {
      throwIfCancelled(training.signal, progress.step);
      const outcome = await takeStep(progress.step, batches);
      const { step, loss, learningRate, gradientNorm } = outcome;
      progress.step = step;
      progress.unusedRowDecay *= optimizer.unusedRowDecay(learningRate);
      progress.epochLoss += loss;
      training.onStep?.({ step, loss, learningRate, gradientNorm, epoch: epoch + 1, ...paceOf(outcome) });
      const isEpochEnd = step % stepsPerEpoch === 0;
      if (isEpochEnd) await endEpoch(running, progress, progress.epochLoss / stepsPerEpoch, outcome);
      if (checkpointDirectory !== null && (isEpochEnd || step % settings.checkpointEverySteps === 0))
        await saveCheckpoint(checkpointDirectory, fingerprint, engine.memory, progress);
    }
  }
  return progress;
}

/**
 * Brings the weights to start from into the memory, and names the training they belong to. They are not held
 * beyond that.
 */
async function loadStart({ training, vocabulary, engine }: Running): Promise<string> {
  const { config, seed, threads = 2 } = training;
  const weights = await training.readWeights();
  loadWeights(engine.memory, { config, weights, seed }, vocabulary);
  return fingerprintOf({ ...training, weights, threads });
}

async function endEpoch(
  running: Running,
  progress: Progress,
  trainLoss: number,
  lastStep: StepOutcome,
): Promise<void> {
  const { training, engine } = running;
  const rows = training.validation;
  const validation = rows === null ? null : await validate(running, rows, lastStep);
  if (validation === null) checkWeights(engine.memory, lastStep);
  const report = { epoch: progress.reports.length + 1, steps: progress.step, trainLoss, validation };
  progress.epochLoss = 0;
  progress.reports.push(report);
  if (validation !== null && isAtLeastAsGood(validation, progress.reports)) {
    const weights = engine.memory.trained('weights').slice();
    progress.best = { epoch: report.epoch, unusedRowDecay: progress.unusedRowDecay, weights };
  }
  training.onEpoch?.(report);
}

type Pace = Pick<StepReport, 'steps' | 'stepsPerSecond' | 'tokensPerSecond' | 'remainingMs'>;

/**
 * How fast a training goes and how long it will take. @param firstStep steps already done by an earlier
 * process
 */
function createPace(steps: number, firstStep: number): (outcome: StepOutcome) => Pace {
  const marks = [{ atMs: performance.now(), step: firstStep, tokens: 0 }];
  let tokensDone = 0;
  return ({ step, tokens }) => {
    tokensDone += tokens;
    marks.push({ atMs: performance.now(), step, tokens: tokensDone });
    if (marks.length > PACE_STEPS) marks.shift();
    const [first, last] = [marks[0], marks.at(-1)] as [(typeof marks)[number], (typeof marks)[number]];
    const seconds = (last.atMs - first.atMs) / 1000;
    const stepsPerSecond = (last.step - first.step) / seconds;
    return {
      steps,
      stepsPerSecond,
      tokensPerSecond: (last.tokens - first.tokens) / seconds,
      remainingMs: ((steps - step) / stepsPerSecond) * 1000,
    };
  };
}

function throwIfCancelled(signal: AbortSignal | undefined, step: number): void {
  if (signal?.aborted !== true) return;
  throw new AppError('cancelled', `training was cancelled after step ${step}`, { cause: signal.reason });
}

// --- The best weights ---

async function takeBest(
  { config, readWeights }: FullTraining,
  vocabulary: Vocabulary,
  memory: TrainingMemory,
  { best, unusedRowDecay, reports, step }: Progress,
): Promise<TrainedModel> {
  if (best !== null) memory.trained('weights').set(best.weights);
  const start = await readWeights();
  const decay = best?.unusedRowDecay ?? unusedRowDecay;
  return {
    weights: readTrainedWeights(memory, { config, start }, vocabulary, decay),
    epochs: reports,
    bestEpoch: best?.epoch ?? reports.length,
    stepsRun: step,
  };
}
