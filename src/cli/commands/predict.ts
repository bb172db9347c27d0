import path from 'node:path';
import { COPY_POLICIES } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { toWireOptions } from '../../copy/index.ts';
import { COMMON_OPTIONS, defineCommand, type OptionSpecs, type OptionValues } from '../command.ts';
import { formatOfOutput, predictFile, type FilePredictionResult } from '../predict-file.ts';
import { COPY_OPTIONS, parseCopyOptions } from '../copy-options.ts';
import { renderDuration, renderJson } from '../render.ts';
import { MAPPING_OPTIONS, parseMap, parseRemember, REMEMBER_OPTION } from '../run-request.ts';
import { clientOf, SERVER_OPTIONS } from '../running-server.ts';
import { readConfig } from '../services.ts';

const FILE_OPTIONS = {
  file: {
    type: 'string',
    value: 'FILE',
    about: 'a catalogue: CSV, TSV, JSON, JSONL, XML, Excel or Parquet, also packed',
  },
  out: { type: 'string', value: 'FILE', about: 'where the creatives go; .csv, .jsonl or .parquet' },
  'out-format': {
    type: 'string',
    value: 'NAME',
    about:
      'csv, jsonl, parquet or same (the catalogue as it came, with the copy in it); default: what --out ends in',
  },
  format: { type: 'string', value: 'NAME', about: 'as --out-format (deprecated)' },
  preview: {
    type: 'string',
    value: 'N',
    about: 'predict the first N products, show them, estimate the rest',
  },
  'only-changed': { type: 'boolean', about: 'leave out rows that the last job of this file had' },
  'text-ids': { type: 'boolean', about: 'columns with the ids by which feedback names the texts' },
  map: MAPPING_OPTIONS.map,
  remember: REMEMBER_OPTION,
  encoding: MAPPING_OPTIONS.encoding,
  sheet: MAPPING_OPTIONS.sheet,
  resume: { type: 'boolean', about: 'go on where a stopped or killed command with the same options was' },
  json: { type: 'boolean', about: 'as JSON' },
} as const satisfies OptionSpecs;

export const predictCommand = defineCommand({
  name: 'predict',
  more: 'One product is asked of a running server; a catalogue (--file) needs none.',
  usage: '--title TEXT --description TEXT | --file FILE --out FILE [--resume]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    ...SERVER_OPTIONS,
    title: { type: 'string', about: 'title of the product' },
    description: { type: 'string', about: 'its description' },
    ...COPY_OPTIONS,
    policy: {
      type: 'string',
      value: 'NAME',
      about:
        'how texts are chosen: best or explore (default of one product: copy.policy, of a catalogue: best)',
    },
    ...FILE_OPTIONS,
  },
  examples: [
    'copyloop predict --title "Yoga Mat" --description "Grips well and rolls up small."',
    'copyloop predict --file products.csv --out creatives.jsonl',
    'copyloop predict --file shopify.csv --out-format same --out shopify-with-copy.csv',
    'copyloop predict --file feed.tsv --map title=Name --map description=Text --channels x,sms --out creatives.parquet',
  ],
  run: async ({ options, terminal, signal }) => {
    const { config } = readConfig(options);
    const policy = COPY_POLICIES.find((known) => known === options.policy);
    if (policy === undefined && options.policy !== undefined)
      throw new AppError('invalid-input', `--policy is "${options.policy}": best or explore is needed`);
    const wishes = { ...parseCopyOptions(options), ...(policy && { policy }) };
    if (options.file === undefined) {
      refuseWithoutFile(options);
      if (options.title === undefined || options.description === undefined) {
        throw new AppError(
          'invalid-input',
          'copyloop predict needs --title and --description, or --file and --out',
        );
      }
      const body = { title: options.title, description: options.description, ...toWireOptions(wishes) };
      terminal.print(renderJson(await clientOf(config, options).predict(body)));
      return;
    }
    const preview = parsePreview(options.preview);
    if (options.out === undefined && preview === undefined)
      throw new AppError('invalid-input', '--file needs --out FILE, or --preview N');
    for (const name of ['url', 'api-key', 'title', 'description'] as const) {
      if (options[name] !== undefined)
        throw new AppError(
          'invalid-input',
          `--${name} does not go with --file, which works on the database itself`,
        );
    }
    const asked = options['out-format'] ?? options.format;
    const out = preview === undefined ? (options.out ?? null) : null;
    const prediction = {
      file: options.file,
      out,
      request: {
        ...wishes,
        format: out === null ? ('jsonl' as const) : formatOfOutput(out, asked),
        map: parseMap(options.map),
        preview,
        catalogue: path.resolve(options.file),
        ...(options['only-changed'] === true && { onlyChanged: true }),
        ...(options['text-ids'] === true && { textIds: true }),
        ...(parseRemember(options) && { remember: true }),
      },
      encoding: options.encoding,
      sheet: options.sheet,
      resume: options.resume === true,
    };
    const result = await predictFile(config, prediction, terminal, signal);
    if (options.json === true) terminal.print(renderJson(result));
    else if (result.preview !== undefined) terminal.print(renderPreview(result.preview));
    else terminal.print(`${result.rows} rows are in ${result.out}`);
    if (result.refusedFile !== null)
      terminal.note(`${result.refused} rows were refused; ${result.refusedFile} says why`);
  },
});

function parsePreview(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,3}$/u.test(text) && Number(text) <= 1000) return Number(text);
  throw new AppError(
    'invalid-input',
    `--preview is "${text}": a number of products from 1 to 1000 is needed`,
  );
}

function renderPreview({ creatives, estimate }: NonNullable<FilePredictionResult['preview']>): string {
  const { rows, seconds, tokens } = estimate;
  const time = seconds === null ? 'too few rows to tell the time' : `about ${renderDuration(seconds * 1000)}`;
  const spent = tokens === null ? '' : `, about ${tokens.toLocaleString('en-US')} tokens`;
  return `${creatives.map(renderJson).join('\n')}\nall ${rows} rows: ${time}${spent}`;
}

function refuseWithoutFile(options: OptionValues<typeof FILE_OPTIONS>): void {
  const alone = Object.keys(FILE_OPTIONS).find(
    (name) => options[name as keyof typeof FILE_OPTIONS] !== undefined,
  );
  if (alone !== undefined) throw new AppError('invalid-input', `--${alone} needs --file FILE`);
}
