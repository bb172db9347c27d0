/** Our side: the step that `trainFull` takes, on one batch. */
import { readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../src/core/paths.ts';
import { readRecipe, resolveSettings, type DistilBertConfig, type Weights } from '../../src/ml/index.ts';
import { openEngine } from '../../src/ml/training/engine.ts';
import { collectVocabulary, loadWeights } from '../../src/ml/training/weights.ts';
import { createOptimizer } from '../../src/ml/training/optimizer.ts';
import { createStep } from '../../src/ml/training/train.ts';

export interface OurTraining {
  step(): Promise<{ seconds: number; loss: number; optimizerSeconds: number }>;
  close(): Promise<void>;
}

export async function openOurs(
  config: DistilBertConfig,
  weights: Weights,
  { inputIds, labels }: { inputIds: number[][]; labels: number[] },
  threads: number,
  profilePrefix?: string,
): Promise<OurTraining> {
  const vocabulary = collectVocabulary(config.vocabulary, inputIds, config.padTokenId);
  const engine = await openEngine({
    config,
    vocabulary: vocabulary.ids.length,
    padIndex: vocabulary.indexOf(config.padTokenId),
    isTrained: () => true,
    maxShape: [inputIds.length, (inputIds[0] as number[]).length],
    accumulates: false,
    threads,
    profilePrefix,
  });
  loadWeights(engine.memory, { config, weights, seed: 1 }, vocabulary);
  const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, maxGradientNorm: 1 };
  const optimizer = createOptimizer(engine.memory, adamw);
  let optimizerMs = 0;
  const timed = <T>(work: () => T): T => {
    const start = performance.now();
    const result = work();
    optimizerMs += performance.now() - start;
    return result;
  };
  const takeStep = createStep({
    config,
    engine,
    vocabulary,
    settings: resolveSettings(await readRecipe('config/recipes', 'reference'), labels.length, config),
    // Long enough for the rate to stay at its peak, as PyTorch's does in this bench.
    schedule: { peak: 2e-5, warmupSteps: 0, totalSteps: Number.MAX_SAFE_INTEGER },
    train: { inputIds, labels },
    seed: 1,
    optimizer: {
      ...optimizer,
      gradientNorm: () => timed(() => optimizer.gradientNorm()),
      update: (...update) => timed(() => optimizer.update(...update)),
    },
  });
  const rows = labels.map((_, row) => row);
  let steps = 0;
  return {
    step: async () => {
      optimizerMs = 0;
      const start = performance.now();
      const { loss } = await takeStep(steps, [rows]);
      const seconds = (performance.now() - start) / 1000;
      steps += 1;
      return { seconds, loss, optimizerSeconds: optimizerMs / 1000 };
    },
    close: () => engine.close(),
  };
}

interface TraceEvent {
  cat: string;
  dur: number;
  args?: { op_name?: string };
}

/** Milliseconds of one step by ONNX operator, largest first, from ONNX Runtime's own trace of a few steps. */
export async function profileOurs(
  config: DistilBertConfig,
  weights: Weights,
  batch: { inputIds: number[][]; labels: number[] },
  threads: number,
): Promise<[operator: string, milliseconds: number][]> {
  const steps = 3;
  const folder = path.join(packageRoot, 'var', 'bench');
  const prefix = `profile-${process.pid}`;
  const training = await openOurs(config, weights, batch, threads, path.join(folder, prefix));
  for (let i = 0; i < steps; i += 1) await training.step();
  await training.close();

  const totals = new Map<string, number>();
  for (const name of (await readdir(folder)).filter((file) => file.startsWith(prefix))) {
    const file = path.join(folder, name);
    for (const { cat, dur, args } of JSON.parse(await readFile(file, 'utf8')) as TraceEvent[]) {
      if (cat !== 'Node' || args?.op_name === undefined) continue;
      totals.set(args.op_name, (totals.get(args.op_name) ?? 0) + dur / 1000 / steps);
    }
    await rm(file);
  }
  return [...totals].toSorted((a, b) => b[1] - a[1]);
}
