/** The grid of a sweep: every combination of the listed values as a candidate of one run. */
import { candidateSchema, type CandidateConfig } from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';
import { parseRecipeName } from './run-request.ts';

const MAX_CANDIDATES = 64;

/**
 * @param settings `learningRate=1e-4,5e-5` for each setting that varies
 * @throws AppError `invalid-input` for an unknown recipe, a pair that is none, what is named twice, or a grid
 *   beyond 64 candidates
 */
export function planSweep(options: {
  recipes: readonly string[];
  seeds: readonly number[];
  settings: readonly string[];
}): CandidateConfig[] {
  const axes = options.settings.map(parseAxis);
  refuseRepeated('--recipe', options.recipes);
  refuseRepeated('--seeds', options.seeds);
  for (const [name, values] of axes) {
    if (axes.filter(([other]) => other === name).length > 1) {
      throw new AppError(
        'invalid-input',
        `--set ${name} is given more than once: list all its values in one, as in learningRate=1e-4,5e-5`,
      );
    }
    refuseRepeated(`--set ${name}`, values);
  }
  const combinations = axes.reduce<Record<string, Value>[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  );
  const candidates = options.recipes.flatMap((recipe) =>
    combinations.flatMap((settings) =>
      options.seeds.map((seed) => ({ recipe: parseRecipeName(recipe), seed, settings })),
    ),
  );
  if (candidates.length > MAX_CANDIDATES) {
    throw new AppError(
      'invalid-input',
      `the sweep has ${candidates.length} candidates; a run takes at most ${MAX_CANDIDATES}: name fewer values`,
    );
  }
  return candidates.map((candidate, i) =>
    candidateSchema.parse({ ...candidate, name: `${candidate.recipe}-${i + 1}` }),
  );
}

type Value = CandidateConfig['settings'][string];

/** The same twice would train the same candidate twice. */
function refuseRepeated(option: string, values: readonly Value[]): void {
  const repeated = values.find((value, i) => values.indexOf(value) !== i);
  if (repeated === undefined) return;
  throw new AppError(
    'invalid-input',
    `${option} names ${String(repeated)} twice, which would train the same candidate twice: name it once`,
  );
}

function parseAxis(pair: string): [string, Value[]] {
  const [name = '', list = ''] = pair.split(/=(.*)/s);
  const values = list
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  if (name === '' || values.length === 0) {
    throw new AppError(
      'invalid-input',
      `--set is "${pair}": SETTING=VALUE,VALUE is needed, as in learningRate=1e-4,5e-5`,
    );
  }
  return [name, values.map(parseValue)];
}

function parseValue(text: string): Value {
  if (text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}
