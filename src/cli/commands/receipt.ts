import { AppError } from '../../core/errors.ts';
import { readPredictionReceipt, readVersionReceipt, renderReceipt } from '../../server/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { renderJson } from '../render.ts';
import { readConfig, withServices } from '../services.ts';

export const receiptCommand = defineCommand({
  name: 'receipt',
  more: 'Model version, tracking run, dataset and its parents, gate report, pipeline run, with hashes and times. A link that is missing is named with the cause.',
  usage: '<prediction id> | --version N [--model NAME] [--json]',
  positionals: [{ name: 'prediction', required: false, about: 'prediction_id of an answer' }],
  options: {
    ...COMMON_OPTIONS,
    version: { type: 'string', value: 'N', about: 'of a model version instead of a prediction' },
    model: { type: 'string', value: 'NAME', about: 'registered model (default: model.name)' },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: ['copyloop receipt 0123456789abcdef0123456789abcdef', 'copyloop receipt --version 3 --json'],
  run: async ({ options, positionals, terminal }) => {
    const [id] = positionals;
    const version = parseWhole('version', options.version, { min: 1, max: 2 ** 31 - 1 });
    if ((id === undefined) === (version === undefined))
      throw new AppError('invalid-input', 'copyloop receipt needs either a prediction id or --version N');
    const { config } = readConfig(options);
    await withServices(config, { role: 'cli' }, async ({ database, artifacts, tracking }) => {
      const deps = { db: database.db, tracking, artifacts, config };
      const receipt =
        version === undefined
          ? await readPredictionReceipt(id ?? '', deps)
          : await readVersionReceipt({ name: options.model ?? config.model.name, version }, deps);
      terminal.print(options.json === true ? renderJson(receipt) : renderReceipt(receipt));
    });
  },
});
