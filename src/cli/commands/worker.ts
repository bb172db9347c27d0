import { stageNames } from '../../queues/index.ts';
import { AppError } from '../../core/errors.ts';
import { applySchedule } from '../../queues/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { addWebhookDelivery, addWorkers, untilStopped } from '../processes.ts';
import { openWorkerProbe } from '../worker-probe.ts';
import { openQueues, readConfig, withServices } from '../services.ts';

export const workerCommand = defineCommand({
  name: 'worker',
  more: 'On as many machines as reach the database and the queues.',
  usage: '[--stage NAME]... [--concurrency N] [--no-schedule]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    stage: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      about: `only ${stageNames().join(', ')} (default: all)`,
    },
    concurrency: {
      type: 'string',
      value: 'N',
      about: 'queue jobs of a stage at a time (default: queues.concurrency)',
    },
    'no-schedule': { type: 'boolean', about: 'remove the daily schedule' },
  },
  run: async ({ options, terminal, signal }) => {
    const { config } = readConfig(options, {
      'pipeline.schedule.enabled': options['no-schedule'] === true ? false : undefined,
    });
    const stages = options.stage?.map((name) => {
      const stage = stageNames().find((known) => known === name);
      if (stage === undefined)
        throw new AppError(
          'invalid-input',
          `there is no stage "${name}"; the stages are ${stageNames().join(', ')}`,
        );
      return stage;
    });
    const concurrency = parseWhole('concurrency', options.concurrency, { min: 1, max: 256 });
    await withServices(config, { role: 'worker', logTo: 'stderr' }, async (services) => {
      const { logHealth, resources } = services;
      const probe = await openWorkerProbe({ address: config.worker, logHealth, signal });
      resources.add('probe', probe);
      const queueing = await openQueues(services);
      await addWebhookDelivery(services);
      await addWorkers(services, queueing, {
        ...(stages === undefined ? {} : { stages }),
        ...(concurrency === undefined ? {} : { concurrency }),
      });
      await applySchedule(queueing.queues, config.pipeline.schedule);
      const asked = probe.url === undefined ? '' : `; asked how it is at ${probe.url}`;
      terminal.note(`working on ${(stages ?? stageNames()).join(', ')}${asked}`);
      await untilStopped(signal);
    });
  },
});
