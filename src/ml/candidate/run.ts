/**
 * One training from CSV files to a model directory, whatever the recipe: read, train, judge, refit, write. It
 * blocks its thread.
 */
import { mkdir, rm } from 'node:fs/promises';
import os from 'node:os';
import { classifierText } from '../../core/classifier-text.ts';
import { AppError, assertNever } from '../../core/errors.ts';
import { readBaseModel, resolveBaseDirectory, trainedConfig } from '../base/index.ts';
import { foldCalibration } from '../scoring/index.ts';
import { trainHead } from './head.ts';
import { calibrateAndChoosePrecision } from './choose-precision.ts';
import { refuseExisting, writeModelDirectory } from '../model-directory/index.ts';
import { describeInputs, describeRuntime, hashWeights } from '../provenance/index.ts';
import { recipeSchema, type Recipe } from '../recipes.ts';
import { readLabelledCsv, splitOpenRows } from '../rows.ts';
import { openTokenizer } from '../text/index.ts';
import { trainFullRecipe } from './full.ts';
import type { EpochMetrics, TrainProgress, TrainRequest, TrainResult } from './protocol.ts';
import type { LabelledTexts, Trained, TrainerContext, TrainLog } from './trainer.ts';
import type { StepMetrics } from '../training/index.ts';

interface TrainingHooks {
  signal: AbortSignal;
  onProgress: (progress: TrainProgress) => void;
  onEpoch: (metrics: EpochMetrics) => void;
  onStep: (metrics: StepMetrics) => void;
  log: TrainLog;
}

/**
 * @throws AppError `bad-data` for rows that cannot teach, `bad-model` for an unsound base, `diverged` for a
 *   loss gone wrong, `already-exists` at once when something lies where the model is to be
 */
export async function runTraining(request: TrainRequest, hooks: TrainingHooks): Promise<TrainResult> {
  const startedMs = performance.now();
  const { signal, onProgress } = hooks;
  await refuseExisting(request.outputDirectory);
  const [train, validation] = await Promise.all([
    readTexts(request.trainFile, 'training'),
    readTexts(request.validationFile, 'validation'),
  ]);
  const base = await readBaseModel(await resolveBaseDirectory(request.base, request, signal));
  const tokenizer = await openTokenizer(base.directory);
  if (tokenizer.vocabularySize > base.config.vocabulary) {
    throw new AppError(
      'bad-model',
      `the tokenizer of ${base.directory} knows ${tokenizer.vocabularySize} tokens, its encoder ${base.config.vocabulary}`,
    );
  }
  const recipe = { ...request.recipe, maxLength: Math.min(request.recipe.maxLength, base.config.positions) };
  const leastLength = recipeSchema.shape.maxLength.unwrap().minValue ?? 1;
  if (recipe.maxLength < leastLength) {
    throw new AppError(
      'bad-model',
      `the base model ${base.directory} has ${base.config.positions} positions (max_position_embeddings of its config.json); a training wants at least ${leastLength}: give another base`,
    );
  }
  await mkdir(request.workDirectory, { recursive: true });
  const threads = request.threads === 0 ? os.availableParallelism() : request.threads;
  const inputs = await describeInputs({
    dataset: request.dataset ?? null,
    trainFile: request.trainFile,
    validationFile: request.validationFile,
    seed: request.seed,
    base,
    baseName: request.base,
    threads,
  });
  const trained = await trainBy(recipe, {
    base,
    tokenizer,
    train,
    validation,
    recipe,
    threads,
    signal,
    onProgress,
    seed: request.seed,
    workDirectory: request.workDirectory,
    onEpoch: hooks.onEpoch,
    onStep: hooks.onStep,
    log: hooks.log,
  });

  const { temperature, servePrecision, metrics } = await calibrateAndChoosePrecision(
    { ...trained, config: trainedConfig(base) },
    tokenizer,
    validation,
    {
      maxLength: recipe.maxLength,
      threads,
      signal,
      precisionTolerance: recipe.export.precisionTolerance,
      calibrationTexts: train.texts,
    },
  );
  const final = trained.refit === null ? trained : await trained.refit();

  onProgress({ phase: 'export', fraction: 0 });
  const weights = foldCalibration(final.weights, temperature, final.priorShift);
  const provenance = {
    ...inputs,
    recipe: trained.recipe,
    runtime: await describeRuntime(String(trained.facts['backend'])),
    weightsSha256: hashWeights(weights),
  };
  await writeModelDirectory(request.outputDirectory, {
    base,
    temperature,
    servePrecision,
    validationAccuracy: { fp32: metrics.fp32.accuracy, int8: metrics.int8.accuracy },
    tokenizer,
    calibrationTexts: train.texts,
    threads,
    signal,
    weights,
    provenance,
    recipe: trained.recipe,
    seed: request.seed,
  });
  await rm(request.workDirectory, { recursive: true, force: true });
  onProgress({ phase: 'export', fraction: 1 });
  return {
    modelDirectory: request.outputDirectory,
    recipe: trained.recipe,
    epochs: trained.epochs,
    bestEpoch: trained.bestEpoch,
    validation: metrics[servePrecision],
    temperature,
    servePrecision,
    provenance,
    durationMs: performance.now() - startedMs,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    params: {
      ...flattenRecipe(trained.recipe),
      ...trained.facts,
      seed: request.seed,
      base: request.base,
      threads,
      trainRows: train.texts.length,
      validationRows: validation.texts.length,
    },
  };
}

function trainBy(recipe: Recipe, context: TrainerContext): Promise<Trained> {
  switch (recipe.trainer) {
    case 'head':
      return trainHead(context);
    case 'full':
      return trainFullRecipe(context);
    default:
      return assertNever(recipe.trainer);
  }
}

async function readTexts(file: string, role: string): Promise<LabelledTexts> {
  const rows = splitOpenRows(await readLabelledCsv(file));
  const positives = rows.filter((row) => row.label === 1).length;
  if (positives === 0 || positives === rows.length) {
    throw new AppError(
      'bad-data',
      `the ${role} rows (${file}) hold ${rows.length} rows, ${positives} of them positive: both labels are needed`,
    );
  }
  return {
    texts: rows.map(classifierText),
    labels: rows.map((row) => row.label),
    weights: rows.map((row) => row.weight),
    ...(rows.some(({ field }) => field !== undefined) && { fields: rows.map(({ field }) => field) }),
  };
}

function flattenRecipe({
  name,
  export: exported,
  ...settings
}: Recipe): Record<string, string | number | boolean | null> {
  return { recipe: name, ...settings, precisionTolerance: exported.precisionTolerance };
}
