/** Trainings so short that what each step must be can be computed without them. */
import { buildClassifierGraph, type DistilBertConfig, type Weights } from '../../../src/ml/models/index.ts';
import { encodeModel, openOnnxSession } from '../../../src/ml/onnx/index.ts';
import {
  trainFull,
  type FullTraining,
  type StepReport,
  type TokenRows,
  type TrainingSettings,
} from '../../../src/ml/training/index.ts';
import { drawRows, tinyTraining } from './tiny-task.ts';

/** The head is this many times larger than the recording's, so that its logits are far from alike. */
const HEAD_SCALE = 20;

export const STILL = { dropout: 0, attentionDropout: 0, classifierDropout: 0 };

/**
 * One epoch of one batch, nothing validated, no dropout and no weight decay, unless `settings` say otherwise.
 */
export async function shortTraining(
  settings: Partial<TrainingSettings> = {},
  overrides: Partial<FullTraining> = {},
): Promise<FullTraining> {
  const training = await tinyTraining({ validation: null, train: drawRows(8, 1), ...overrides });
  const start = await training.readWeights();
  const head = start.get('classifier.weight');
  head?.data.forEach((value, i, all) => (all[i] = value * HEAD_SCALE));
  return {
    ...training,
    config: overrides.config ?? { ...training.config, ...STILL },
    readWeights: () => Promise.resolve(start),
    settings: { ...training.settings, epochs: 1, clipNorm: null, weightDecay: 0, ...settings },
  };
}

/** Runs the training and hears every step of it. */
export async function runSteps(training: FullTraining): Promise<{ steps: StepReport[]; weights: Weights }> {
  const steps: StepReport[] = [];
  const { weights } = await trainFull({ ...training, onStep: (report) => steps.push(report) });
  return { steps, weights };
}

/**
 * Log probabilities of both classes of each row, by the graph that is exported: no dropout, no loss, no
 * training.
 */
export async function logProbabilities(
  { config, readWeights }: { config: DistilBertConfig; readWeights: () => Promise<Weights> },
  { inputIds }: TokenRows,
): Promise<[number, number][]> {
  const session = await openOnnxSession(encodeModel(buildClassifierGraph(config, await readWeights())));
  try {
    const rows: [number, number][] = [];
    for (const ids of inputIds) {
      const shape = [1, ids.length];
      const { logits } = await session.run({
        input_ids: { data: BigInt64Array.from(ids, BigInt), shape },
        attention_mask: { data: new BigInt64Array(ids.length).fill(1n), shape },
      });
      const [a = NaN, b = NaN] = logits?.data ?? [];
      const logSum = Math.log(Math.exp(a) + Math.exp(b));
      rows.push([a - logSum, b - logSum]);
    }
    return rows;
  } finally {
    await session.close();
  }
}

/** Largest change of a weight in each tensor. */
export function largestChanges(before: Weights, after: Weights): Map<string, number> {
  return new Map([...changes(before, after)].map(([name, all]) => [name, Math.max(...all.map(Math.abs))]));
}

/** How far each weight of each tensor has moved. */
export function changes(before: Weights, after: Weights): Map<string, number[]> {
  return new Map(
    [...after].map(([name, { data }]) => {
      const start = before.get(name)?.data;
      return [name, Array.from(data, (value, i) => value - (start?.[i] ?? NaN))];
    }),
  );
}
