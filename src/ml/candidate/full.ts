/**
 * The `full` and `reference` recipes: hands rows and settings to the engine that trains every weight
 * (training/), and where the recipe says so a second time, with the validation rows among the others.
 */
import path from 'node:path';
import { trainedConfig, type BaseModel } from '../base/index.ts';
import {
  computeClassWeights,
  joinRows,
  type LabelledTexts,
  type RawClassifier,
  type Trained,
  type TrainerContext,
} from './trainer.ts';
import type { EpochMetrics, TrainProgress } from './protocol.ts';
import {
  resolveSettings,
  trainFull,
  type EpochReport,
  type FullTraining,
  type StepReport,
  type TokenRows,
  type TrainedModel,
} from '../training/index.ts';
import type { Weights } from '../models/index.ts';

/** Progress messages are sent no oftener than this. */
const REPORT_EVERY_MS = 250;

export async function trainFullRecipe(context: TrainerContext): Promise<Trained> {
  const { base, recipe, train, validation } = context;
  const config = trainedConfig(base);
  const all = joinRows(train, validation);
  const settings = resolveSettings(recipe, (recipe.refit ? all : train).texts.length, config);
  const shared = {
    config,
    readWeights: () => readStart(base),
    seed: context.seed,
    threads: context.threads,
    signal: context.signal,
  };
  const encode = (rows: LabelledTexts): TokenRows => ({
    inputIds: rows.texts.map((text) => context.tokenizer.encode(text, recipe.maxLength)),
    labels: rows.labels,
    weights: rows.weights,
  });

  const { onEpoch, epochsOf } = createEpochReports(context);
  const selected = await trainFull({
    ...shared,
    settings,
    train: encode(train),
    validation: encode(validation),
    checkpointDirectory: path.join(context.workDirectory, 'selection'),
    onStep: createStepReports(context, 'train', 0),
    onEpoch,
  });

  /** From the start again: going on from weights that know their rows by heart made them worse on others. */
  const refit = async (): Promise<RawClassifier> => {
    const { weights } = await trainFull({
      ...shared,
      settings: { ...settings, epochs: selected.bestEpoch },
      train: encode(all),
      validation: null,
      checkpointDirectory: path.join(context.workDirectory, 'refit'),
      onStep: createStepReports(context, 'refit', selected.stepsRun),
    });
    return { weights, priorShift: priorShiftOf(all, recipe.classWeights) };
  };

  return {
    weights: selected.weights,
    priorShift: priorShiftOf(train, recipe.classWeights),
    refit: recipe.refit ? refit : null,
    epochs: epochsOf(selected),
    bestEpoch: selected.bestEpoch,
    recipe: { ...recipe, ...settings },
    facts: {
      backend: 'onnxruntime-node',
      steps: selected.stepsRun,
      ...(recipe.refit ? { refitRows: all.texts.length, refitEpochs: selected.bestEpoch } : {}),
      trainedParameters: [...selected.weights.values()].reduce((sum, { data }) => sum + data.length, 0),
    },
  };
}

/** @param stepsBefore steps that the candidate took before this training: a refit's are counted on */
function createStepReports(
  { onProgress, onStep }: TrainerContext,
  phase: TrainProgress['phase'],
  stepsBefore: number,
): NonNullable<FullTraining['onStep']> {
  let reportedMs = Number.NEGATIVE_INFINITY;
  return ({ stepsPerSecond, tokensPerSecond, remainingMs, ...report }: StepReport) => {
    const { step, steps, loss, learningRate } = report;
    onStep({ step: stepsBefore + step, loss, learningRate });
    const nowMs = performance.now();
    if (nowMs - reportedMs < REPORT_EVERY_MS && step !== steps) return;
    reportedMs = nowMs;
    const pace = { stepsPerSecond, tokensPerSecond, remainingMs };
    onProgress({
      phase,
      fraction: step / steps,
      ...report,
      ...(Number.isFinite(remainingMs) ? pace : {}),
    });
  };
}

/** Passes epochs on as they end; those that an earlier process ran have no duration. */
function createEpochReports({ onEpoch }: TrainerContext): {
  onEpoch: (report: EpochReport) => void;
  epochsOf: (model: TrainedModel) => EpochMetrics[];
} {
  let startedMs = performance.now();
  const live = new Map<number, EpochMetrics>();
  return {
    onEpoch: (report) => {
      const nowMs = performance.now();
      const metrics = toEpochMetrics(report, nowMs - startedMs);
      startedMs = nowMs;
      if (metrics === undefined) return;
      live.set(metrics.epoch, metrics);
      onEpoch(metrics);
    },
    epochsOf: ({ epochs }) =>
      epochs.flatMap((report) => live.get(report.epoch) ?? toEpochMetrics(report, null) ?? []),
  };
}

function toEpochMetrics(report: EpochReport, durationMs: number | null): EpochMetrics | undefined {
  const { epoch, trainLoss, validation } = report;
  if (validation === null) return undefined;
  return { epoch, trainLoss, validationLoss: validation.logLoss, validation, durationMs };
}

function priorShiftOf(rows: LabelledTexts, mode: 'balanced' | 'none'): number {
  const [negatives, positives] = computeClassWeights(rows, mode);
  return Math.log(positives / negatives);
}

/** A classifier with other labels lends its encoder only. */
async function readStart({ config, readWeights }: BaseModel): Promise<Weights> {
  const weights = await readWeights();
  if (config.labels.length === 2) return weights;
  for (const part of ['pre_classifier', 'classifier']) {
    weights.delete(`${part}.weight`);
    weights.delete(`${part}.bias`);
  }
  return weights;
}
