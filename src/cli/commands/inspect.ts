import { AppError, toError } from '../../core/errors.ts';
import type { Config } from '../../core/config/index.ts';
import {
  findRememberedMap,
  inspectSource,
  listForeignColumns,
  type FieldMap,
  type InspectedRecord,
  type Inspection,
} from '../../data/index.ts';
import { findRunningPostgres } from '../../db/index.ts';
import { getObject } from '../../tracking/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole, renderRows } from '../command.ts';
import { MAPPING_OPTIONS, parseMap, parseSource, SOURCE_OPTIONS } from '../run-request.ts';
import { readConfig, withServices } from '../services.ts';

export const inspectCommand = defineCommand({
  name: 'inspect',
  usage: '<FILE|URL> [--map FIELD=COLUMN]... [--json [--all]]',
  positionals: [
    {
      name: 'source',
      required: true,
      about: 'a file, an address, or another source as "run --source" takes it',
    },
  ],
  options: {
    ...COMMON_OPTIONS,
    map: MAPPING_OPTIONS.map,
    'credentials-file': SOURCE_OPTIONS['credentials-file'],
    encoding: MAPPING_OPTIONS.encoding,
    sheet: MAPPING_OPTIONS.sheet,
    rows: { type: 'string', value: 'N', about: 'rows shown as they would be read (default: 5)' },
    json: { type: 'boolean', about: 'one line of JSON' },
    all: { type: 'boolean', about: 'with --json: after it a line for every record' },
  },
  examples: [
    'copyloop inspect products_export.csv',
    'copyloop inspect feed.xml --json --all > records.jsonl',
  ],
  run: async ({ options, positionals, terminal, signal }) => {
    const [name = ''] = positionals;
    const { config } = readConfig(options);
    const isJson = options.json === true;
    if (options.all === true && !isJson) throw new AppError('invalid-input', '--all needs --json');
    const records: string[] = [];
    const inspection = await inspectSource({
      source: sourceOf(config, name, options),
      map: parseMap(options.map) ?? config.data.map,
      refusedKept: config.data.refusedKept,
      previewRows: parseWhole('rows', options.rows, { min: 0, max: 1000 }),
      signal,
      recall: async (columns) =>
        await recallMap(config, columns).catch((thrown: unknown) => {
          // The file can be read all the same.
          terminal.note(
            `what was remembered for this header cannot be asked for: ${toError(thrown).message}`,
          );
          return undefined;
        }),
      getObject: (address) => getObject(address, config.storage),
      onRecord:
        options.all === true ? (row) => void records.push(JSON.stringify(renderRecord(row))) : undefined,
    });
    if (isJson) {
      terminal.print(JSON.stringify(toJson(inspection)));
      for (const record of records) terminal.print(record);
    } else terminal.print(renderInspection(name, inspection));
  },
});

/** Asked where the database runs; looking at a file starts none. */
async function recallMap(config: Config, columns: readonly string[]): Promise<FieldMap | undefined> {
  const { databaseUrl, varDir } = config.storage;
  if (databaseUrl === null && (await findRunningPostgres(varDir)) === undefined) return undefined;
  return await withServices(config, { role: 'cli', migrate: 'later' }, async ({ database }) =>
    findRememberedMap(database.db, columns),
  );
}

function sourceOf(
  config: Config,
  name: string,
  {
    encoding,
    sheet,
    'credentials-file': credentialsFile,
  }: Partial<Record<'encoding' | 'sheet' | 'credentials-file', string | undefined>>,
): Config['data']['source'] {
  return {
    ...config.data.source,
    ...parseSource(name),
    ...(encoding !== undefined && { encoding }),
    ...(sheet !== undefined && { sheet }),
    ...(credentialsFile !== undefined && { credentialsFile }),
  };
}

function toJson(found: Inspection) {
  const { format, layout, mapping, accepted, refused, refusals, kind, columns, ignored, unrated, emptied } =
    found;
  return {
    format,
    encoding: layout.encoding,
    delimiter: layout.delimiter,
    mapping: Object.fromEntries(
      Object.entries(mapping).map(([field, from]) => [field, from.length === 1 ? from[0] : from]),
    ),
    accepted,
    refused,
    refusals,
    kind,
    columns,
    remembered: found.isRemembered,
    header_line: layout.headerLine,
    quote: layout.quote,
    file_format: layout.format,
    packing: layout.packing ?? null,
    ignored,
    unrated,
    emptied,
  };
}

function renderRecord({ line, record, metrics }: InspectedRecord) {
  const {
    id,
    title,
    description,
    category,
    price,
    rating,
    timestamp,
    brand,
    currency,
    language,
    tags,
    attributes,
    group,
  } = record;
  return {
    line,
    id,
    title,
    description,
    category,
    price,
    currency: currency ?? null,
    rating,
    brand: brand ?? null,
    tags: tags ?? [],
    attributes: attributes ?? {},
    timestamp,
    language: language ?? null,
    group: group ?? null,
    ...metrics,
  };
}

const DELIMITERS: Readonly<Record<string, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars',
};

export function renderInspection(name: string, found: Inspection): string {
  const { layout, mapping } = found;
  const written = [
    layout.format.toUpperCase(),
    layout.encoding,
    ...(layout.packing === undefined ? [] : [`packed with ${layout.packing}`]),
    ...(layout.delimiter === null
      ? []
      : [`parted by ${DELIMITERS[layout.delimiter] ?? JSON.stringify(layout.delimiter)}`]),
    ...(layout.delimiter === null ? [] : [layout.quote === null ? 'quotes are plain characters' : 'quoted']),
    ...(layout.headerLine === null ? [] : [`header on line ${layout.headerLine}`]),
  ];
  const fields = Object.entries(mapping).map(([field, from]): [string, string] => [
    field,
    from.join(', else '),
  ]);
  const foreign = listForeignColumns(found.columns).slice(0, 5);
  const counts = [
    `${found.accepted} accepted`,
    `${found.refused} refused`,
    ...(found.ignored === 0
      ? []
      : [`${found.ignored} rows are no record of their own (variants, totals, repeats)`]),
    ...(found.unrated === 0 ? [] : [`${found.unrated} not rated`]),
    ...Object.entries(found.emptied).map(
      ([field, count]) => `${field} of ${count} left empty, since it cannot be read`,
    ),
  ];
  const shown = found.preview.map(({ line, record }) => {
    const { id, title, description, price, currency, rating } = record;
    const cells = [
      ...(id === '' ? [] : [id]),
      clip(title, 60),
      clip(description, 90),
      ...(price === null ? [] : [[price, currency].filter((part) => part !== undefined).join(' ')]),
      ...(rating === null ? [] : [`rated ${rating}`]),
    ];
    return `  line ${line}: ${cells.join(' | ')}`;
  });
  return [
    `${name}: ${found.format}`,
    `  ${written.join(', ')}`,
    '',
    'Fields',
    ...renderRows(fields),
    ...(found.isRemembered ? ['  as remembered for this header'] : []),
    ...(found.isRecognised || found.isRemembered
      ? []
      : [
          '  no known export: fields take columns of their own name; name others with --map FIELD=COLUMN',
          ...(foreign.length === 0
            ? []
            : [`  ${foreign.join(', ')}: hardly of products, so see that the texts below are what you mean`]),
        ]),
    '',
    'Rows',
    `  ${counts.join(', ')}`,
    ...(found.accepted + found.refused + found.ignored === 0
      ? ['  the file has a header and no rows: export it again, with its records']
      : []),
    ...found.reasons.map((reason) => `  refused: ${reason}`),
    ...shown,
    '',
    'Next',
    `  ${nextCommand(name, found)}`,
  ].join('\n');
}

function nextCommand(name: string, { kind, mapping }: Inspection): string {
  const file = /^[\w./:@%+-]+$/u.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;
  if (kind === 'feedback')
    return `the numbers of ${file} belong to texts that went out: POST /feedback takes them`;
  if (mapping['rating'] === undefined) return `copyloop predict --file ${file} --out creatives.csv`;
  return `copyloop run --wait --source ${file}`;
}

function clip(text: string, chars: number): string {
  const line = text.replaceAll(/\s+/gu, ' ');
  return line.length > chars ? `${line.slice(0, chars - 1).toWellFormed()}…` : line;
}
