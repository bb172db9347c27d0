import { AppError } from '../../core/errors.ts';
import { evaluateModel, PRECISIONS } from '../../ml/index.ts';
import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { describeRows, noteRefusals, readLabelledFile, toLabelledRows } from '../labelled-file.ts';
import { renderMetrics } from '../render-metrics.ts';
import { renderJson } from '../render.ts';
import { MAPPING_OPTIONS } from '../run-request.ts';
import { readConfig } from '../services.ts';
import { dataOptions } from './train.ts';

export const evaluateCommand = defineCommand({
  name: 'evaluate',
  more: 'On every usable row; a text that occurs twice counts once.',
  usage: '--model DIR --data FILE [--precision fp32|int8] [--map FIELD=COLUMN]... [--json]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    model: { type: 'string', value: 'DIR', about: 'a model directory' },
    data: {
      type: 'string',
      value: 'FILE',
      about: 'CSV, TSV, JSON, JSONL, XML, Excel or Parquet, also packed',
    },
    precision: {
      type: 'string',
      value: 'NAME',
      about: `${PRECISIONS.join(' or ')} (default: as decided at export)`,
    },
    ...MAPPING_OPTIONS,
    json: { type: 'boolean', about: 'as JSON' },
  },
  run: async ({ options, terminal, signal }) => {
    if (options.model === undefined || options.data === undefined) {
      throw new AppError('invalid-input', 'copyloop evaluate needs --model DIR and --data FILE');
    }
    const precision = PRECISIONS.find((known) => known === options.precision);
    if (options.precision !== undefined && precision === undefined) {
      throw new AppError(
        'invalid-input',
        `--precision is "${options.precision}": ${PRECISIONS.join(' or ')} is needed`,
      );
    }
    const { config } = readConfig(options);
    const file = await readLabelledFile(options.data, { data: dataOptions(config, options), signal });
    terminal.note(describeRows(file));
    noteRefusals(options.data, file, terminal);
    const { metrics } = await evaluateModel(options.model, toLabelledRows(file.records), {
      signal,
      precision,
    });
    terminal.print(
      options.json === true
        ? renderJson({ ...metrics, refused: file.refused, duplicates: file.duplicates })
        : renderMetrics([[options.model, metrics]]),
    );
  },
});
