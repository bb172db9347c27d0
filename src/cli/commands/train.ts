import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { evaluateModel, hubOf, readRecipe, refuseExisting, trainCandidate } from '../../ml/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import {
  describeRows,
  leaveOutKnown,
  noteRefusals,
  readLabelledFile,
  splitRecords,
  toLabelledRows,
  writeLabelledCsv,
} from '../labelled-file.ts';
import { renderMetrics } from '../render-metrics.ts';
import { renderDuration, renderJson } from '../render.ts';
import { MAPPING_OPTIONS, parseLabel, parseMap } from '../run-request.ts';
import { readConfig } from '../services.ts';
import { createTrainView } from '../train-progress.ts';

export const trainCommand = defineCommand({
  name: 'train',
  more: 'Killed half way, the same command goes on from its last checkpoint.',
  usage: '--data FILE --out DIR [--recipe NAME] [--holdout FILE] [--map FIELD=COLUMN]... [--json]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    data: {
      type: 'string',
      value: 'FILE',
      about: 'CSV, TSV, JSON, JSONL, XML, Excel or Parquet, also packed',
    },
    out: { type: 'string', value: 'DIR', about: 'becomes the model directory; must not exist' },
    holdout: {
      type: 'string',
      value: 'FILE',
      about: 'judge on these rows (default: a fifth of the data, by content hash)',
    },
    recipe: { type: 'string', value: 'NAME', about: 'head (default), full or reference' },
    seed: { type: 'string', value: 'N', about: 'default: 1' },
    threads: { type: 'string', value: 'N', about: 'default: all cores' },
    ...MAPPING_OPTIONS,
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: [
    'copyloop train --data reviews.csv --map title=Title --map description="Review Text" --map rating=Rating --recipe full --out model',
  ],
  run: async ({ options, terminal, signal }) => {
    if (options.data === undefined || options.out === undefined) {
      throw new AppError('invalid-input', 'copyloop train needs --data FILE and --out DIR');
    }
    const out = path.resolve(options.out);
    await refuseExisting(out);
    const { config } = readConfig(options);
    const data = dataOptions(config, options);
    const recipe = await readRecipe(config.model.recipes, options.recipe ?? 'head');
    const seed = parseWhole('seed', options.seed, { min: 0, max: 2 ** 31 - 1 }) ?? 1;
    const threads =
      parseWhole('threads', options.threads, { min: 1, max: 256 }) ?? config.pipeline.trainThreads;

    const file = await readLabelledFile(options.data, { data, signal });
    const splits = splitRecords(file.records, data.split, options.holdout !== undefined);
    const own =
      options.holdout === undefined ? undefined : await readLabelledFile(options.holdout, { data, signal });
    const holdout = own === undefined ? splits.holdout : leaveOutKnown(own.records, file.records);
    terminal.note(
      `${describeRows(file)}: ${splits.train.length} to train, ${splits.validation.length} to validate, ${holdout.length} held out`,
    );
    noteRefusals(options.data, file, terminal);
    if (own !== undefined) {
      const known = own.records.length - holdout.length;
      terminal.note(
        `${options.holdout}: ${describeRows(own)}${known === 0 ? '' : `; ${known} left out, because they are among the rows of ${options.data}`}`,
      );
      noteRefusals(options.holdout ?? '', own, terminal);
    }

    const work = `${out}.work`;
    await mkdir(work, { recursive: true });
    const trainFile = path.join(work, 'train.csv');
    const validationFile = path.join(work, 'validation.csv');
    await writeLabelledCsv(trainFile, splits.train);
    await writeLabelledCsv(validationFile, splits.validation);
    const result = await trainCandidate(
      {
        recipe,
        seed,
        trainFile,
        validationFile,
        base: config.model.base,
        ...hubOf(config),
        outputDirectory: out,
        workDirectory: path.join(work, 'checkpoints'),
        threads,
      },
      { signal, ...createTrainView(terminal) },
    );
    await rm(work, { recursive: true, force: true });

    terminal.note(`trained in ${renderDuration(result.durationMs)}: ${result.modelDirectory}`);
    if (holdout.length === 0)
      terminal.note('no row was held out, so only validation judges it: give --holdout FILE, or more data');
    const metrics =
      holdout.length === 0
        ? null
        : (await evaluateModel(result.modelDirectory, toLabelledRows(holdout), { signal })).metrics;
    terminal.print(
      options.json === true
        ? renderJson({ ...result, holdout: metrics })
        : renderMetrics([
            ['validation', result.validation],
            ...(metrics === null ? [] : [['holdout', metrics] as const]),
          ]),
    );
  },
});

export function dataOptions(
  config: Config,
  options: {
    map?: string[] | undefined;
    encoding?: string | undefined;
    sheet?: string | undefined;
    'label-threshold'?: string | undefined;
    'label-column'?: string | undefined;
  },
): Config['data'] {
  const { encoding, sheet } = options;
  return {
    ...config.data,
    source: {
      ...config.data.source,
      ...(encoding !== undefined && { encoding }),
      ...(sheet !== undefined && { sheet }),
    },
    map: parseMap(options.map) ?? config.data.map,
    label: { ...config.data.label, ...parseLabel(options) },
  };
}
