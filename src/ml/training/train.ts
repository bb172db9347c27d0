/** Training of all weights of a DistilBERT classifier, from rows of token ids to the best weights found. */
import { AppError } from '../../core/errors.ts';
import type { DistilBertConfig, Weights } from '../models/index.ts';
import { releaseMemory } from '../wasm/release-memory.ts';
import { chunk, paddedLength, planEpoch } from './data.ts';
import { checkRows } from './check-rows.ts';
import { loadCheckpoint, saveCheckpoint, type EpochReport, type Progress } from './checkpoint.ts';
import { checkWeights, type TakenStep } from './divergence.ts';
import { hasStalled, isAtLeastAsGood } from './early-stopping.ts';
import { openEngine, type Engine } from './engine.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { FullTraining } from './contract.ts';
import { isTrained, rateFactor } from './layers.ts';
import type { TrainingMemory } from '../wasm/memory.ts';
import { loadWeights, readTrainedWeights } from './weights.ts';
import { createOptimizer } from './optimizer.ts';
import { createPace } from './pace.ts';
import { planTraining } from './plan.ts';
import { createStep } from './step.ts';
import { validate } from './validation.ts';
import { collectVocabulary, type Vocabulary } from './vocabulary.ts';

export interface TrainedModel {
  /** Those of the last epoch that validated as well as any, but for chance; of the last one when nothing was validated. */
  readonly weights: Weights;
  readonly epochs: readonly EpochReport[];
  readonly bestEpoch: number;
  readonly stepsRun: number;
}

const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/**
 * Memory: 16 bytes for every trained weight (the embedding counts only words that occur), the activations of the
 * largest batch, and the weights once more for the best epoch. `npm run bench:memory` measures the whole process.
 *
 * @throws `diverged` naming step, learning rate and rows; `cancelled` within a step of the signal; `bad-data`
 * for rows that do not fit the encoder; `conflict` when the checkpoint belongs to another training
 */
export async function trainFull(training: FullTraining): Promise<TrainedModel> {
  const { config, settings, train, threads = 2 } = training;
  checkRows(training);
  const vocabulary = collectVocabulary(config.vocabulary, allSequences(training), config.padTokenId);
  const engine = await openEngine({
    config: withDropout(config, settings.dropout),
    vocabulary: vocabulary.ids.length,
    padNumber: vocabulary.numberOf(config.padTokenId),
    isTrained: (name) => isTrained(name, config, settings),
    maxShape: [Math.min(settings.batchSize, train.labels.length), longestRow(training)],
    accumulates: settings.gradientAccumulation > 1,
    threads,
  });
  let progress: Progress;
  try {
    progress = await takeSteps(training, engine, vocabulary);
  } finally {
    await engine.close();
    releaseMemory();
  }
  // Only now, when the activations are gone: the weights are copied out, which would be the training's peak of memory.
  return takeBest(training, engine.memory, vocabulary, progress);
}

/** All steps from the start, or from the checkpoint, to the end. */
async function takeSteps(training: FullTraining, engine: Engine, vocabulary: Vocabulary): Promise<Progress> {
  const { config, settings, train, seed, checkpointDirectory = null } = training;
  const { memory } = engine;
  const { stepsPerEpoch, totalSteps, schedule } = planTraining(training);
  const fingerprint = await loadStart(training, engine, vocabulary);
  const optimizer = createOptimizer(
    memory,
    { ...ADAMW, weightDecay: settings.weightDecay, maxGradientNorm: settings.clipNorm ?? Infinity },
    (name) => rateFactor(name, config, settings),
  );
  const saved =
    checkpointDirectory === null ? null : await loadCheckpoint(checkpointDirectory, fingerprint, memory);
  const progress: Progress = saved ?? { step: 0, idleDecay: 1, epochLoss: 0, reports: [], best: null };
  const save = async (): Promise<void> => {
    if (checkpointDirectory !== null)
      await saveCheckpoint(checkpointDirectory, fingerprint, memory, progress);
  };
  releaseMemory();

  const takeStep = createStep({ engine, optimizer, schedule, config, settings, train, vocabulary, seed });
  const lengths = train.inputIds.map((ids) => ids.length);
  const pace = createPace(totalSteps, progress.step);
  while (progress.step < totalSteps && !hasStalled(progress.reports, settings.earlyStoppingPatience)) {
    const epoch = Math.floor(progress.step / stepsPerEpoch);
    const batches = planEpoch(lengths, settings.batchSize, seed, epoch);
    const steps = chunk(batches, settings.gradientAccumulation);
    for (const batchesOfStep of steps.slice(progress.step % stepsPerEpoch)) {
      throwIfCancelled(training.signal, progress.step);
      const { rows, ...taken } = await takeStep(progress.step, batchesOfStep);
      progress.step = taken.step;
      progress.idleDecay *= optimizer.idleDecay(taken.learningRate);
      progress.epochLoss += taken.loss;
      training.onStep?.(pace.report({ ...taken, epoch: epoch + 1 }));
      const isEpochEnd = taken.step % stepsPerEpoch === 0;
      if (isEpochEnd) {
        const lastStep = { ...taken, rows };
        await endEpoch(training, engine, vocabulary, progress, { epoch: epoch + 1, stepsPerEpoch, lastStep });
      }
      if (isEpochEnd || taken.step % settings.checkpointEverySteps === 0) await save();
    }
  }
  return progress;
}

/** Brings the weights to start from into the memory, and names the training they belong to. They are not held beyond that. */
async function loadStart(
  training: FullTraining,
  { memory }: Engine,
  vocabulary: Vocabulary,
): Promise<string> {
  const { config, seed, threads = 2 } = training;
  const weights = await training.readWeights();
  loadWeights(memory, { config, weights, seed }, vocabulary);
  return fingerprintOf({ ...training, weights, threads });
}

async function endEpoch(
  training: FullTraining,
  engine: Engine,
  vocabulary: Vocabulary,
  progress: Progress,
  { epoch, stepsPerEpoch, lastStep }: { epoch: number; stepsPerEpoch: number; lastStep: TakenStep },
): Promise<void> {
  const { config, validation, signal } = training;
  const metrics =
    validation === null
      ? null
      : await validate(engine, config, validation, vocabulary, lastStep, () =>
          throwIfCancelled(signal, progress.step),
        );
  if (metrics === null) checkWeights(engine.memory, lastStep);
  const report = {
    epoch,
    steps: progress.step,
    trainLoss: progress.epochLoss / stepsPerEpoch,
    validation: metrics,
  };
  progress.epochLoss = 0;
  progress.reports.push(report);
  if (metrics !== null && isAtLeastAsGood(metrics, progress.reports)) {
    const weights = engine.memory.trained('weights').slice();
    progress.best = { epoch, idleDecay: progress.idleDecay, weights };
  }
  training.onEpoch?.(report);
}

async function takeBest(
  training: FullTraining,
  memory: TrainingMemory,
  vocabulary: Vocabulary,
  { best, idleDecay, reports, step }: Progress,
): Promise<TrainedModel> {
  if (best !== null) memory.trained('weights').set(best.weights);
  const { config } = training;
  const start = await training.readWeights();
  return {
    weights: readTrainedWeights(memory, { config, start }, vocabulary, best?.idleDecay ?? idleDecay),
    epochs: reports,
    bestEpoch: best?.epoch ?? reports.length,
    stepsRun: step,
  };
}

function allSequences({ train, validation }: FullTraining): (readonly number[])[] {
  return [...train.inputIds, ...(validation?.inputIds ?? [])];
}

function longestRow(training: FullTraining): number {
  const longest = training.train.inputIds.reduce((most, ids) => Math.max(most, ids.length), 0);
  return paddedLength(longest, training.config.positions);
}

function withDropout(config: DistilBertConfig, dropout: number | null): DistilBertConfig {
  if (dropout === null) return config;
  return { ...config, dropout, attentionDropout: dropout, classifierDropout: dropout };
}

function throwIfCancelled(signal: AbortSignal | undefined, step: number): void {
  if (signal?.aborted !== true) return;
  throw new AppError('cancelled', `training was cancelled after step ${step}`, { cause: signal.reason });
}
