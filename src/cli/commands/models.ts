import {
  allModelAccuracies,
  approvalOf,
  bestModelAccuracy,
  CHAMPION,
  compareVersions,
} from '../../tracking/index.ts';
import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { renderJson, renderPercent, renderTable } from '../render.ts';
import { urlOf } from '../running-server.ts';
import { readConfig, withServices } from '../services.ts';

export const modelsCommand = defineCommand({
  name: 'models',
  usage: '[--history] [--json]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    history: { type: 'boolean', about: 'who moved the champion when, from which run, and why' },
    json: { type: 'boolean', about: 'as JSON' },
  },
  run: async ({ options, terminal }) => {
    const { config } = readConfig(options);
    const { name } = config.model;
    await withServices(config, { role: 'cli' }, async ({ tracking }) => {
      if (options.history === true) {
        const moves = await tracking.registry.aliasHistory(name, CHAMPION);
        terminal.print(
          options.json === true
            ? renderJson(moves)
            : renderTable(
                ['WHEN', 'WHAT', 'FROM', 'TO', 'BY', 'RUN', 'WHY'],
                moves.map((move) => [
                  move.movedAt.toISOString(),
                  move.kind,
                  move.fromVersion,
                  move.toVersion,
                  move.movedBy,
                  move.pipelineRunId,
                  move.reason,
                ]),
              ),
        );
        return;
      }
      const models = await allModelAccuracies(tracking, name);
      const best = await bestModelAccuracy(tracking, name);
      if (options.json === true) {
        const versions = models.map((model) => {
          const { gain, earlier } = compareVersions(models, model);
          return {
            ...model,
            gain,
            earlier: earlier.map((one) => ({ version: one.version, accuracy: one.accuracy, gain: one.gain })),
          };
        });
        terminal.print(renderJson({ name, best, versions }));
        return;
      }
      if (models.length === 0) terminal.print(`no version of ${name} yet: "copyloop run" trains one`);
      else {
        terminal.print(
          renderTable(
            ['VERSION', 'ALIASES', 'APPROVAL', 'ACCURACY', 'GAIN', 'TRACKING RUN', 'REGISTERED'],
            models.map((model) => [
              model.version,
              model.aliases.join(', '),
              approvalOf(model),
              renderPercent(model.accuracy),
              renderPercent(compareVersions(models, model).gain),
              model.runId,
              model.createdAt.toISOString(),
            ]),
          ),
        );
        terminal.note(`gate reports: ${urlOf(config.server)}/models/${name}/versions/<version>/gate.html`);
      }
    });
  },
});
