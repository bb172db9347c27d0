import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { AppError, toError } from '../../core/errors.ts';
import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { followRun, requireSuccess } from '../follow-run.ts';
import { addWorkers } from '../processes.ts';
import { renderJson } from '../render.ts';
import { parseRemember, parseRunRequest, REMEMBER_OPTION, REQUEST_OPTIONS } from '../run-request.ts';
import { openQueues, readConfig, withServices } from '../services.ts';

export const runCommand = defineCommand({
  name: 'run',
  more: 'With --wait it works on the stages itself where no worker is running.',
  usage: '[--wait] [--source FILE|URL|synthetic] [--map FIELD=COLUMN]... [--recipe NAME]... [--json]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    wait: { type: 'boolean', about: 'follow the run to its end' },
    ...REQUEST_OPTIONS,
    remember: REMEMBER_OPTION,
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: [
    'copyloop run --wait --count 2000 --recipe head',
    'copyloop run --wait --source reviews.csv --map title=Title --map description="Review Text" --map rating=Rating',
    'copyloop run --wait --source sentences.tsv --map description=1 --label-column 2',
  ],
  run: async ({ options, terminal, signal }) => {
    const { config } = readConfig(options);
    const request = { ...parseRunRequest(options), ...(parseRemember(options) && { remember: true }) };
    // Workers may have another working directory than this shell.
    if (typeof request.source?.path === 'string') request.source.path = path.resolve(request.source.path);
    const missing = await findMissing(request.source?.path ?? undefined);
    await withServices(config, { role: 'run' }, async (services) => {
      const queueing = await openQueues(services);
      const isWorkedOn = await queueing.queues.hasWorkers('generate-data');
      const isOwnWork = options.wait === true && !isWorkedOn;
      if (missing !== null && isOwnWork) throw missing;
      if (missing !== null) terminal.note(`${missing.message}; the workers look for it where they run`);
      if (isOwnWork) {
        terminal.note('no worker is running: this command works on the stages itself');
        await addWorkers(services, queueing);
      }
      const { runId } = await queueing.runs.startRun({ trigger: 'manual', request });
      await services.noteChange('run', runId);
      if (options.wait !== true) {
        if (!isWorkedOn)
          terminal.note('no worker is running: the run waits for "copyloop start" or "copyloop worker"');
        terminal.print(options.json === true ? renderJson({ runId }) : runId);
        return;
      }
      terminal.note(`run ${runId} starts`);
      const run = await followRun({ db: services.database.db, runId, terminal, signal });
      terminal.print(options.json === true ? renderJson(run) : `run ${runId} ${run.status}`);
      requireSuccess(run);
    });
  },
});

/** Why the source's file cannot be read on this machine; null where it can, or where there is none. */
async function findMissing(file: string | undefined): Promise<AppError | null> {
  if (file === undefined) return null;
  try {
    await access(file, constants.R_OK);
    return null;
  } catch (thrown) {
    return new AppError('invalid-input', `--source ${file} cannot be read: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
}
