import { withPublicAddresses } from '../../core/config/index.ts';
import { RUN_STATUSES } from '../../db/index.ts';
import { AppError } from '../../core/errors.ts';
import {
  getRun,
  listRuns,
  planReplay,
  RUN_STAGES,
  type RunSummary,
  type RunView,
} from '../../queues/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { renderStage } from '../follow-run.ts';
import { renderDuration, renderJson, renderTable } from '../render.ts';
import { openQueues, readConfig, withServices } from '../services.ts';

export const runsCommand = defineCommand({
  name: 'runs',
  more: 'Newest first; one run is shown with its stages and attempts.',
  usage: '[<run>] [--cancel | --replay [--from STAGE]] [--status STATUS] [--limit N] [--json]',
  positionals: [{ name: 'run', required: false, about: 'id of a run, or "latest"' }],
  options: {
    ...COMMON_OPTIONS,
    status: { type: 'string', value: 'STATUS', about: `only ${RUN_STATUSES.join(', ')}` },
    limit: { type: 'string', value: 'N', about: 'how many (default: 20)' },
    cancel: { type: 'boolean', about: 'stop the run' },
    replay: { type: 'boolean', about: 'start a new run with the same options' },
    from: {
      type: 'string',
      value: 'STAGE',
      about: `--replay: the first stage that is done again (${RUN_STAGES.join(', ')})`,
    },
    json: { type: 'boolean', about: 'as JSON' },
  },
  run: async ({ options, positionals, terminal }) => {
    const { config } = readConfig(options);
    const limit = parseWhole('limit', options.limit, { min: 1, max: 1000 }) ?? 20;
    const status = RUN_STATUSES.find((known) => known === options.status);
    if (options.status !== undefined && status === undefined) {
      throw new AppError(
        'invalid-input',
        `--status is "${options.status}": one of ${RUN_STATUSES.join(', ')} is needed`,
      );
    }
    const from = RUN_STAGES.find((stage) => stage === options.from);
    if (options.from !== undefined && (from === undefined || options.replay !== true)) {
      throw new AppError(
        'invalid-input',
        `--from is "${options.from}": it needs --replay and one of ${RUN_STAGES.join(', ')}`,
      );
    }
    await withServices(config, { role: 'cli' }, async (services) => {
      const { db } = services.database;
      const id = positionals[0] === 'latest' ? (await listRuns(db, { limit: 1 }))[0]?.id : positionals[0];
      if (id === undefined) {
        if (positionals[0] === 'latest' || options.cancel === true || options.replay === true) {
          throw new AppError(
            'not-found',
            'there is no run to show: name one, or start one with "copyloop run"',
          );
        }
        const runs = await listRuns(db, { limit, ...(status === undefined ? {} : { status }) });
        terminal.print(options.json === true ? renderJson(runs) : renderRuns(runs));
        return;
      }
      if (options.cancel === true || options.replay === true) {
        const { runs } = await openQueues(services);
        if (options.cancel === true) {
          await runs.cancelRun(id);
          await services.noteChange('runs --cancel', id);
          terminal.print(`run ${id} is cancelled`);
        } else {
          const plan = await planReplay({ db, artifacts: services.artifacts }, id, { from }, false);
          const { runId } = await runs.replayRun(id, plan);
          await services.noteChange('runs --replay', runId, { replayOf: id });
          terminal.print(`run ${runId} replays ${id}`);
        }
        return;
      }
      const run = await getRun(db, id);
      terminal.print(
        options.json === true
          ? renderJson({ ...run, options: withPublicAddresses(run.options) })
          : renderRun(run),
      );
    });
  },
});

function renderRuns(runs: readonly RunSummary[]): string {
  if (runs.length === 0) return 'no runs yet: "copyloop run" starts one';
  return renderTable(
    ['RUN', 'STATUS', 'TRIGGER', 'STARTED', 'TOOK', 'REASON'],
    runs.map((run) => [
      run.id,
      run.status,
      run.trigger,
      run.createdAt.toISOString(),
      run.finishedAt === null ? null : renderDuration(run.finishedAt.getTime() - run.createdAt.getTime()),
      run.error?.message ?? null,
    ]),
  );
}

function renderRun(run: RunView): string {
  const lines = [`run ${run.id}: ${run.status}, started by ${run.trigger} at ${run.createdAt.toISOString()}`];
  for (const stage of run.stages) {
    lines.push(renderStage(stage, Date.now()));
    for (const attempt of stage.attempts.slice(0, -1)) {
      lines.push(
        `      attempt ${attempt.attempt}: ${attempt.outcome}${attempt.error === null ? '' : `: ${attempt.error.message}`}`,
      );
    }
  }
  if (run.error !== null) lines.push(`  reason: ${run.error.message}`);
  return lines.join('\n');
}
