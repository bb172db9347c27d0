/** What a trainer is given, for a tiny base model and texts of its words. */
import { parseRecipe, type RecipeOverrides } from '../../src/ml/recipes.ts';
import { readBaseModel } from '../../src/ml/base/model.ts';
import { openTokenizer } from '../../src/ml/text/tokenizer.ts';
import type { LabelledTexts, TrainerContext } from '../../src/ml/candidate/trainer.ts';
import { writeTinyBase } from '../../fixtures/tiny-base.ts';

/** Each text with its label; they count alike unless weights say otherwise. */
export function labelled(
  rows: readonly (readonly [text: string, label: 0 | 1, weight?: number])[],
): LabelledTexts {
  return {
    texts: rows.map(([text]) => text),
    labels: rows.map(([, label]) => label),
    weights: rows.map(([, , weight]) => weight ?? 1),
  };
}

/**
 * Without dropout, decay and warm-up, all rows in one batch. @param folder for the base model and for
 * checkpoints
 */
export async function tinyContext(
  folder: string,
  settings: RecipeOverrides & { trainer: 'head' | 'full' },
  rows: Pick<TrainerContext, 'train' | 'validation'>,
): Promise<TrainerContext> {
  const base = await readBaseModel(await writeTinyBase(`${folder}/base`));
  const defaults = {
    name: 'tiny',
    maxLength: 16,
    batchSize: 512,
    weightDecay: 0,
    warmupFraction: 0,
    dropout: 0,
  };
  const nothing = (): void => {};
  return {
    ...rows,
    base,
    tokenizer: await openTokenizer(base.directory),
    recipe: parseRecipe({ ...defaults, ...settings }, 'a test'),
    seed: 5,
    threads: 1,
    workDirectory: `${folder}/work`,
    signal: new AbortController().signal,
    onProgress: nothing,
    onEpoch: nothing,
    onStep: nothing,
    log: { info: nothing, warn: nothing },
  };
}
