/** The `full` and `reference` recipes: hands rows and settings to the engine that trains every weight (training/). */
import { computeMargins } from './run-graph.ts';
import {
  computeClassWeights,
  type EpochMetrics,
  type LabelledTexts,
  type Trained,
  type TrainerContext,
} from './trainer.ts';
import { resolveSettings, trainFull, type EpochReport, type TokenRows } from './training/index.ts';
import type { BaseModel } from './base-model.ts';
import type { Weights } from './models/index.ts';

/** Progress messages are sent no oftener than this. */
const REPORT_EVERY_MS = 250;

export async function trainEveryWeight(context: TrainerContext): Promise<Trained> {
  const { base, tokenizer, recipe, signal, threads, validation } = context;
  // A classifier with other labels lends its encoder only.
  const config = {
    ...base.config,
    labels: base.config.labels.length === 2 ? base.config.labels : ['0', '1'],
  };
  const settings = resolveSettings(
    {
      epochs: recipe.epochs,
      batchSize: recipe.batchSize,
      learningRate: recipe.learningRate,
      weightDecay: recipe.weightDecay,
      warmupFraction: recipe.warmupFraction,
      clipNorm: recipe.clipNorm,
      labelSmoothing: recipe.labelSmoothing,
      classWeights: recipe.classWeights,
      gradientAccumulation: recipe.gradientAccumulation,
      frozenLayers: recipe.frozenLayers,
      layerDecay: recipe.layerDecay,
      dropout: recipe.dropout,
      earlyStoppingPatience: recipe.earlyStoppingPatience,
      checkpointEverySteps: recipe.checkpointEverySteps,
    },
    context.train.texts.length,
    config,
  );
  const encode = (rows: LabelledTexts): TokenRows => ({
    inputIds: rows.texts.map((text) => tokenizer.encode(text, recipe.maxLength)),
    labels: rows.labels,
    weights: rows.weights,
  });

  let epochStartedMs = performance.now();
  let reportedMs = Number.NEGATIVE_INFINITY;
  const liveEpochs = new Map<number, EpochMetrics>();
  const model = await trainFull({
    config,
    weights: base.config.labels.length === 2 ? base.weights : withoutHead(base),
    train: encode(context.train),
    validation: encode(validation),
    settings,
    seed: context.seed,
    checkpointDirectory: context.workDirectory,
    threads,
    signal,
    onStep: ({ step, steps, epoch, loss, learningRate, etaMs, stepsPerSecond, tokensPerSecond }) => {
      context.onStep({ step, loss, learningRate });
      const nowMs = performance.now();
      if (nowMs - reportedMs < REPORT_EVERY_MS && step !== steps) return;
      reportedMs = nowMs;
      const paces = Number.isFinite(etaMs) ? { remainingMs: etaMs, stepsPerSecond, tokensPerSecond } : {};
      context.onProgress({
        phase: 'train',
        fraction: step / steps,
        epoch,
        step,
        steps,
        loss,
        learningRate,
        ...paces,
      });
    },
    onEpoch: (report) => {
      const nowMs = performance.now();
      const metrics = toEpochMetrics(report, nowMs - epochStartedMs);
      epochStartedMs = nowMs;
      if (metrics === undefined) return;
      liveEpochs.set(metrics.epoch, metrics);
      context.onEpoch(metrics);
    },
  });

  const classWeights = computeClassWeights(context.train, recipe.classWeights);
  return {
    weights: model.weights,
    validationMargins: await computeMargins({ config, weights: model.weights }, tokenizer, validation.texts, {
      maxLength: recipe.maxLength,
      threads,
      signal,
    }),
    priorShift: Math.log(classWeights[1] / classWeights[0]),
    epochs: model.epochs.flatMap(
      (report) => liveEpochs.get(report.epoch) ?? toEpochMetrics(report, null) ?? [],
    ),
    bestEpoch: model.bestEpoch,
    recipe: { ...recipe, ...settings },
    facts: {
      backend: 'onnxruntime-node',
      steps: model.stepsRun,
      trainedParameters: [...model.weights.values()].reduce((sum, { data }) => sum + data.length, 0),
    },
  };
}

function toEpochMetrics(report: EpochReport, durationMs: number | null): EpochMetrics | undefined {
  const { epoch, trainLoss, validation } = report;
  if (validation === null) return undefined;
  return { epoch, trainLoss, validationLoss: validation.logLoss, validation, durationMs };
}

function withoutHead({ weights }: BaseModel): Weights {
  return new Map([...weights].filter(([name]) => !/^(pre_)?classifier\./.test(name)));
}
