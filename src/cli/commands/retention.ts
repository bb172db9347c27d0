import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { deleteOldRuns } from '../../tracking/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { renderJson } from '../render.ts';
import { readConfig, withServices } from '../services.ts';

export const retentionCommand = defineCommand({
  name: 'retention',
  more: 'With their artifacts and for good; runs that a model version came from stay as long as it does.',
  usage: '--days N [--experiment NAME] [--json]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    days: { type: 'string', value: 'N', about: 'tracking runs that ended longer ago' },
    experiment: { type: 'string', value: 'NAME', about: 'only of this experiment' },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: ['copyloop retention --days 180'],
  run: async ({ options, terminal }) => {
    const days = parseWhole('days', options.days, { min: 1, max: 36_500 });
    if (days === undefined) throw new AppError('invalid-input', 'copyloop retention needs --days N');
    const { config } = readConfig(options);
    if (config.tracking.uri !== null)
      throw new AppError(
        'unsupported',
        'runs are kept by the MLflow server of tracking.uri: delete them there, with "mlflow gc"',
      );
    await withServices(
      config,
      { role: 'cli' },
      async ({ database: { db }, artifacts, tracking, noteChange }) => {
        const { experiment: name } = options;
        const experiment = name === undefined ? undefined : await tracking.experiments.findByName(name);
        if (name !== undefined && experiment === undefined)
          throw new AppError('not-found', `there is no experiment ${JSON.stringify(name)}`);
        const deleted = await deleteOldRuns(db, artifacts, {
          days,
          clock: systemClock,
          ...(experiment !== undefined && { experimentIds: [Number(experiment.experimentId)] }),
        });
        if (deleted > 0) await noteChange('retention', name ?? 'tracking runs', { days, deleted });
        terminal.print(options.json === true ? renderJson({ deleted }) : `deleted ${deleted} tracking runs`);
      },
    );
  },
});
