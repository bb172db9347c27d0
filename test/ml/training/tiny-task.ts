/**
 * A task a tiny model can learn in a second: whether a row holds more words of one half of the vocabulary.
 */
import path from 'node:path';
import { readFile } from 'node:fs/promises';
import { packageRoot } from '../../../src/core/paths.ts';
import { createRandom } from '../../../src/core/random.ts';
import { parseDistilBertConfig, readWeights } from '../../../src/ml/models/index.ts';
import { readRecipe } from '../../../src/ml/recipes.ts';
import {
  resolveSettings,
  type FullTraining,
  type TokenRows,
  type TrainingSettings,
} from '../../../src/ml/training/index.ts';

const fixture = path.join(packageRoot, 'test/fixtures/tiny-training');

export function drawRows(count: number, seed: number): TokenRows {
  const random = createRandom(seed);
  const inputIds = Array.from({ length: count }, () => {
    const isHigh = random.chance(0.5);
    const length = 3 + random.below(10);
    return [
      1,
      ...Array.from({ length }, () => (random.chance(0.9) === isHigh ? 45 : 5) + random.below(40)),
      2,
    ];
  });
  const labels = inputIds.map((ids) => Number(ids.filter((id) => id >= 45).length * 2 > ids.length - 2));
  return { inputIds, labels };
}

/** Those of config/recipes/reference.yaml, in which nothing is `auto`. */
export async function referenceSettings(): Promise<TrainingSettings> {
  return resolveSettings(await readRecipe('config/recipes', 'reference'), 1, { dim: 1 });
}

export async function tinyTraining(overrides: Partial<FullTraining> = {}): Promise<FullTraining> {
  const config = parseDistilBertConfig(JSON.parse(await readFile(path.join(fixture, 'config.json'), 'utf8')));
  return {
    config: { ...config, dropout: 0.1, attentionDropout: 0.1, classifierDropout: 0.1 },
    readWeights: () => readWeights(path.join(fixture, 'initial.safetensors')),
    train: drawRows(96, 1),
    validation: drawRows(40, 2),
    settings: { ...(await referenceSettings()), learningRate: 3e-3, batchSize: 8, checkpointEverySteps: 5 },
    seed: 3,
    ...overrides,
  };
}
