import path from 'node:path';
import type { CandidateConfig } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { followRun, requireSuccess } from '../follow-run.ts';
import { addWorkers } from '../processes.ts';
import { renderJson, renderTable } from '../render.ts';
import { parseRunRequest, REQUEST_OPTIONS } from '../run-request.ts';
import { openQueues, readConfig, withServices } from '../services.ts';
import { planSweep } from '../sweep.ts';

export const sweepCommand = defineCommand({
  name: 'sweep',
  more: 'The candidates spread over all workers.',
  usage: '--recipe NAME... [--set SETTING=V1,V2]... [--seeds 1,2,3] [--wait] [--json]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    ...REQUEST_OPTIONS,
    set: {
      type: 'string',
      multiple: true,
      value: 'SETTING=V1,V2',
      about: 'values of a recipe setting to try',
    },
    seeds: { type: 'string', value: 'N,N', about: 'seeds of the training (default: 1)' },
    wait: { type: 'boolean', about: 'follow the run to its end' },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: ['copyloop sweep --recipe full --set learningRate=1e-4,5e-5 --seeds 1,2,3 --wait'],
  run: async ({ options, terminal, signal }) => {
    const { config } = readConfig(options);
    if (options.recipe === undefined)
      throw new AppError('invalid-input', 'copyloop sweep needs at least one --recipe NAME');
    const seeds = (options.seeds ?? '1')
      .split(',')
      .map((text) => parseWhole('seeds', text, { min: 0, max: 2 ** 31 - 1 }) ?? 1);
    const candidates = planSweep({ recipes: options.recipe, seeds, settings: options.set ?? [] });
    const { recipes: _, ...request } = parseRunRequest(options);
    if (typeof request.source?.path === 'string') request.source.path = path.resolve(request.source.path);
    terminal.note(renderCandidates(candidates));
    await withServices(config, { role: 'run' }, async (services) => {
      const queueing = await openQueues(services);
      if (options.wait === true && !(await queueing.queues.hasWorkers('generate-data')))
        await addWorkers(services, queueing);
      const { runId } = await queueing.runs.startRun({
        trigger: 'manual',
        request: { ...request, candidates },
      });
      await services.noteChange('sweep', runId, { candidates: candidates.length });
      if (options.wait !== true) {
        terminal.print(options.json === true ? renderJson({ runId, candidates }) : runId);
        return;
      }
      const run = await followRun({ db: services.database.db, runId, terminal, signal });
      terminal.print(options.json === true ? renderJson(run) : `run ${runId} ${run.status}`);
      requireSuccess(run);
    });
  },
});

function renderCandidates(candidates: readonly CandidateConfig[]): string {
  return renderTable(
    ['CANDIDATE', 'SEED', 'SETTINGS'],
    candidates.map(({ name, seed, settings }) => [
      name,
      seed,
      Object.entries(settings)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(' '),
    ]),
  );
}
