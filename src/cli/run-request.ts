/** The options that say what a run is made of, shared by `run` and `train`. */
import path from 'node:path';
import { MAPPABLE_FIELDS, recipeNameSchema } from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';
import type { RunRequest } from '../queues/index.ts';
import { parseNumber, parseWhole, type OptionSpecs, type OptionValues } from './command.ts';

export const MAPPING_OPTIONS = {
  map: {
    type: 'string',
    multiple: true,
    value: 'FIELD=COLUMN',
    about: `column of a field (${MAPPABLE_FIELDS.join(', ')}); a number counts from 1, "price=" says none, "auto" guesses`,
  },
  encoding: {
    type: 'string',
    value: 'NAME',
    about: 'of a file that is not UTF-8: windows-1252, shift_jis, ...',
  },
  sheet: { type: 'string', value: 'NAME', about: 'of a workbook (default: its first)' },
  'label-threshold': { type: 'string', value: 'X', about: 'a rating of X or more is a good record' },
  'label-column': { type: 'string', value: 'COLUMN', about: 'a 0/1 column that says it directly' },
} as const satisfies OptionSpecs;

export const REMEMBER_OPTION = {
  type: 'boolean',
  about: 'keep --map for tables with the same header',
} as const satisfies OptionSpecs[string];

export function parseRemember({
  map,
  remember,
}: OptionValues<{ map: typeof MAPPING_OPTIONS.map; remember: typeof REMEMBER_OPTION }>): boolean {
  if (remember === true && map === undefined)
    throw new AppError('invalid-input', '--remember keeps a map: say one, as in --map title=Name');
  return remember === true;
}

export const SOURCE_OPTIONS = {
  source: {
    type: 'string',
    value: 'FILE|URL|synthetic',
    about: 'where the records come from: a file, http(s), s3://bucket/key (default: data.source)',
  },
  'credentials-file': {
    type: 'string',
    value: 'FILE',
    about: 'of an http(s) source: a file with user:password, a token, or an Authorization header',
  },
} as const satisfies OptionSpecs;

export const REQUEST_OPTIONS = {
  ...SOURCE_OPTIONS,
  count: { type: 'string', value: 'N', about: 'synthetic: records to draw' },
  seed: { type: 'string', value: 'N', about: 'synthetic: seed of the records' },
  recipe: {
    type: 'string',
    multiple: true,
    value: 'NAME',
    about: 'candidates to train: head, full, reference, or a recipe of your own',
  },
  ...MAPPING_OPTIONS,
} as const satisfies OptionSpecs;

export function parseRunRequest(options: OptionValues<typeof REQUEST_OPTIONS>): RunRequest {
  const count = parseWhole('count', options.count, { min: 1, max: 10_000_000 });
  const seed = parseWhole('seed', options.seed, { min: 0, max: 2 ** 31 - 1 });
  return withoutUndefined({
    source: withoutUndefined({
      ...parseSource(options.source),
      credentialsFile:
        options['credentials-file'] === undefined ? undefined : path.resolve(options['credentials-file']),
      count,
      seed,
      encoding: options.encoding,
      sheet: options.sheet,
    }),
    map: parseMap(options.map),
    label: parseLabel(options),
    recipes: parseRecipes(options.recipe),
  });
}

export function parseMap(pairs: readonly string[] | undefined): RunRequest['map'] {
  if (pairs === undefined) return undefined;
  const map: Record<string, string> = {};
  for (const pair of pairs) {
    if (pair === 'auto') {
      map['auto'] = 'yes';
      continue;
    }
    const at = pair.indexOf('=');
    const field = pair.slice(0, at);
    if (at < 1) {
      throw new AppError(
        'invalid-input',
        `--map is "${pair}": FIELD=COLUMN is needed, as in title=Title, or "auto"; FIELD= says that it has no column`,
      );
    }
    if (!(MAPPABLE_FIELDS as readonly string[]).includes(field)) {
      throw new AppError(
        'invalid-input',
        `--map ${pair}: there is no field "${field}"; the fields are ${MAPPABLE_FIELDS.join(', ')}`,
      );
    }
    map[field] = pair.slice(at + 1);
  }
  return map;
}

export function parseLabel(options: OptionValues<typeof MAPPING_OPTIONS>): RunRequest['label'] {
  const threshold = parseNumber('label-threshold', options['label-threshold']);
  const column = options['label-column'];
  if (threshold !== undefined && column !== undefined) {
    throw new AppError('invalid-input', 'give either --label-threshold or --label-column, not both');
  }
  return threshold === undefined && column === undefined
    ? undefined
    : withoutUndefined({ threshold, column });
}

export function parseSource(source: string | undefined): RunRequest['source'] {
  if (source === undefined) return {};
  if (source === 'synthetic') return { kind: 'synthetic' };
  if (source.startsWith('s3://')) return { kind: 's3', uri: source };
  return /^https?:\/\//.test(source) ? { kind: 'http', url: source } : { kind: 'file', path: source };
}

function parseRecipes(names: readonly string[] | undefined): RunRequest['recipes'] {
  return names?.map(parseRecipeName);
}

/**
 * Which recipes there are, the folder of recipes says, and the run is held against it before it takes the
 * slot.
 */
export function parseRecipeName(name: string): string {
  if (recipeNameSchema.safeParse(name).success) return name;
  throw new AppError(
    'invalid-input',
    `"${name}" is no name of a recipe: a name consists of a-z, 0-9 and -, at most 60 characters`,
  );
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;
}
