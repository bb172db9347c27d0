/**
 * Recipes: named training configurations. A file config/recipes/<name>.yaml states what differs from the
 * defaults below; what it resolves to is recorded with every training.
 */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { recipeNameSchema } from '../core/config/index.ts';
import { AppError, toError } from '../core/errors.ts';
import { packageRoot } from '../core/paths.ts';
import { pathExists } from '../core/path-exists.ts';

/** `head`: classification head on frozen states of the encoder. `full`: every weight. */
const TRAINERS = ['head', 'full'] as const;

const fraction = z.number().min(0).max(1);
const positiveInt = z.int().positive();

export const recipeSchema = z.strictObject({
  /** Name of the recipe: that of its file. */
  name: z.string().regex(/^[a-z0-9-]+$/, 'must consist of a-z, 0-9 and -'),
  trainer: z.enum(TRAINERS),
  /** Passes over the training rows, at most; auto: from the number of rows (full). */
  epochs: z.union([positiveInt.max(1000), z.literal('auto')]).default('auto'),
  batchSize: positiveInt.max(4096).default(16),
  /** Peak learning rate; auto: from the rows and the encoder's size (full). */
  learningRate: z.union([z.number().positive(), z.literal('auto')]).default('auto'),
  /**
   * Decoupled (AdamW), none on biases and LayerNorm (full); penalty on the head's distance from its start
   * (head).
   */
  weightDecay: z.number().min(0).default(0.01),
  /** Share of all steps in which the learning rate rises from 0; it then falls linearly to 0 (full). */
  warmupFraction: fraction.default(0.1),
  /** Largest global norm of the gradient; null: unlimited (full). */
  clipNorm: z.number().positive().nullable().default(1),
  /** Tokens a text is cut to. */
  maxLength: z.int().min(8).max(512).default(128),
  labelSmoothing: z.number().min(0).max(0.5).default(0),
  /**
   * balanced: each class counts alike in the loss; the shift this gives the probabilities is taken out again
   * afterwards.
   */
  classWeights: z.enum(['balanced', 'none']).default('none'),
  /** Batches whose gradients are summed before one step of the optimiser (full). */
  gradientAccumulation: positiveInt.max(1024).default(1),
  /** Layers from below, embeddings included, that stay as they are (full). */
  frozenLayers: z.int().min(0).default(0),
  /** Factor on the learning rate for each layer further down; 1: the same everywhere (full). */
  layerDecay: z.number().gt(0).max(1).default(1),
  /**
   * One probability for every dropout (head: that before the classifier); null: those of the model's
   * config.json.
   */
  dropout: z.number().min(0).lt(1).nullable().default(null),
  /**
   * Epochs in a row after which training stops, none with a better validation loss (full: nor accuracy);
   * null: never.
   */
  earlyStoppingPatience: positiveInt.nullable().default(null),
  /**
   * Once the validation rows have chosen the epoch, temperature and precision: train again from the start for
   * as many epochs, on these rows as well, and write that (full).
   */
  refit: z.boolean().default(false),
  /** Steps between two checkpoints (full). */
  checkpointEverySteps: positiveInt.default(100),
  export: z
    .strictObject({
      /** Validation accuracy that int8 may lose against fp32 and still be served by default. */
      precisionTolerance: fraction,
    })
    .default({ precisionTolerance: 0.005 }),
});

export type Recipe = z.infer<typeof recipeSchema>;
/** What a candidate may change: not what the recipe is. */
export type RecipeOverrides = Partial<Omit<z.input<typeof recipeSchema>, (typeof FIXED)[number]>>;
const FIXED = ['name', 'trainer'] as const;

/**
 * Settings that only the trainer `full` reads, with the values that say what `head` does: those are recorded
 * with it, no others accepted.
 */
const ONLY_FULL = {
  warmupFraction: 0,
  clipNorm: null,
  gradientAccumulation: 1,
  frozenLayers: 0,
  layerDecay: 1,
  refit: false,
  checkpointEverySteps: 100,
} as const satisfies RecipeOverrides;

/** @throws AppError `invalid-config` naming each key that is unknown, out of range or of no effect */
export function parseRecipe(value: unknown, origin: string): Recipe {
  const settings = settingsSchema.safeParse(value).data;
  const isHead = settings?.['trainer'] === 'head';
  const parsed = recipeSchema.safeParse(isHead ? { ...ONLY_FULL, ...settings } : value);
  if (!parsed.success) {
    const isUnknown = parsed.error.issues.some(({ code }) => code === 'unrecognized_keys');
    const known = isUnknown ? `\nThe settings are ${Object.keys(recipeSchema.shape).join(', ')}` : '';
    throw new AppError('invalid-config', `${origin} is refused: ${z.prettifyError(parsed.error)}${known}`);
  }
  const recipe = parsed.data;
  const idle = isHead ? keysOfFull.filter((key) => recipe[key] !== ONLY_FULL[key]) : [];
  if (idle.length === 0) return recipe;
  const named = idle.map((key) => `${key}: ${String(recipe[key])}`).join(', ');
  throw new AppError(
    'invalid-config',
    `${origin} is refused: ${named} would have no effect, because only trainer: full reads ${idle.length === 1 ? 'it' : 'them'} and this recipe has trainer: head; take ${idle.length === 1 ? 'it' : 'them'} away, or train a recipe with trainer: full`,
  );
}

const settingsSchema = z.record(z.string(), z.unknown());
const keysOfFull = Object.keys(ONLY_FULL) as (keyof typeof ONLY_FULL)[];

/**
 * @param place folder of recipe files, as `model.recipes` of the configuration names it
 * @param overrides settings of one candidate that differ from its recipe (a sweep)
 */
export async function readRecipe(
  place: string,
  name: string,
  overrides: RecipeOverrides = {},
): Promise<Recipe> {
  const folder = await findRecipes(place);
  if (!recipeNameSchema.safeParse(name).success)
    throw await unknownRecipe(name, folder, 'a name consists of a-z, 0-9 and -');
  const file = path.join(folder, `${name}.yaml`);
  let content: unknown;
  try {
    content = parseYaml(await readFile(file, 'utf8'));
  } catch (thrown) {
    throw await unknownRecipe(name, folder, toError(thrown).message, thrown);
  }
  const settings = settingsSchema.safeParse(content);
  if (!settings.success)
    throw new AppError('invalid-config', `${file} must hold settings, one "key: value" a line`);
  const fixed = FIXED.find((key) => key in overrides);
  if (fixed !== undefined) {
    throw new AppError(
      'invalid-config',
      `the settings of a candidate cannot change ${fixed}, which makes the recipe "${name}" what it is: name another recipe`,
    );
  }
  return parseRecipe({ name, ...settings.data, ...overrides }, `recipe ${file}${describe(overrides)}`);
}

function describe(overrides: RecipeOverrides): string {
  const pairs = Object.entries(overrides).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? '' : ` with ${pairs.join(', ')}`;
}

async function unknownRecipe(name: string, folder: string, why: string, cause?: unknown): Promise<AppError> {
  const known = await listRecipes(folder);
  return new AppError(
    'invalid-config',
    `the recipe "${name}" cannot be read from ${folder} (${why}); recipes there are: ${known.join(', ') || 'none'}`,
    { cause },
  );
}

/** Names of the recipes in a folder; empty when there is no such folder. */
async function listRecipes(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch(() => []);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .toSorted();
}

/** A folder of the user's, below the working directory, or that of the package. */
async function findRecipes(place: string): Promise<string> {
  const own = path.resolve(place);
  return (await pathExists(own)) ? own : path.resolve(packageRoot, place);
}
