import { MINUTE_MS, sleep } from '../../core/clock.ts';
import type { CandidateConfig } from '../../core/config/index.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { httpOrigin } from '../../core/http-origin.ts';
import { makeVarDir } from '../../core/var-dir.ts';
import { applySchedule, listRuns } from '../../queues/index.ts';
import { CHAMPION } from '../../tracking/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole, type Terminal } from '../command.ts';
import { followRun } from '../follow-run.ts';
import { addServer, addWebhookDelivery, addWorkers, untilStopped } from '../processes.ts';
import { offerBrowser } from '../offer-browser.ts';
import { renderPercent } from '../render.ts';
import { openQueues, readConfig, withServices, type QueueServices, type Services } from '../services.ts';
import { takeStartLock } from '../start-lock.ts';

const PARENT_POLL_MS = 250;
const READY_POLL_MS = 100;
/** Trained in seconds, on states of the frozen encoder. */
const QUICK_RECIPE = 'head';
const LOAD_WAIT_MS = 2 * MINUTE_MS;

export const startCommand = defineCommand({
  name: 'start',
  more: 'Database, queues, workers, schedule and server; trains a first champion when there is none.',
  usage: '[--port N] [--var DIR] [--no-schedule]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    port: { type: 'string', value: 'N', about: 'port of the server (default: 8080)' },
    'no-schedule': { type: 'boolean', about: 'remove the daily schedule' },
    'stop-with-parent': {
      type: 'boolean',
      about: 'stop when the process that started this one is gone (npm start)',
    },
  },
  run: async ({ options, terminal, signal: asked }) => {
    const signal = options['stop-with-parent'] === true ? AbortSignal.any([asked, abortWithParent()]) : asked;
    const { config, origins } = readConfig(options, {
      'server.port': parseWhole('port', options.port, { min: 0, max: 65_535 }),
      'pipeline.schedule.enabled': options['no-schedule'] === true ? false : undefined,
    });
    await makeVarDir(config.storage.varDir);
    const { host, port } = config.server;
    if (port !== 0) terminal.note(`console: ${httpOrigin(host, port)}/ (in a few seconds)`);
    terminal.note(`copyloop starts; its log is ${config.storage.varDir}/logs/start.*.log`);
    await withServices(config, { role: 'start' }, async (services) => {
      services.resources.add('start lock', await takeStartLock(services.database.url, config.storage.varDir));
      const queueing = await openQueues(services);
      await addWorkers(services, queueing);
      await addWebhookDelivery(services);
      const next = await applySchedule(queueing.queues, config.pipeline.schedule);
      const server = await addServer(services, queueing, origins);
      terminal.note(`the server listens at ${server.url}`);
      const left = await ensureChampion(services, queueing, terminal, signal);
      await announce(services, server.url, next, terminal, signal);
      await challengeFirst(left, services, queueing, terminal, signal);
      await untilStopped(signal);
      terminal.note('stopping: running jobs are finished or handed back');
    });
    terminal.note('stopped');
  },
});

/**
 * A SIGTERM to npm ends npm and its shell, which does not hand it on: without this the server would be left
 * behind.
 */
function abortWithParent(): AbortSignal {
  const gone = new AbortController();
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent)
      gone.abort(new AppError('cancelled', 'the process that started this one is gone'));
  }, PARENT_POLL_MS);
  timer.unref();
  return gone.signal;
}

/**
 * Trains only where there is no champion; a run that is under way is followed instead of starting another.
 * The first run trains the quick candidates alone, so that there is something to try within a minute.
 * @returns the candidates that are left to challenge them
 */
async function ensureChampion(
  services: Services,
  queueing: QueueServices,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<readonly CandidateConfig[]> {
  const { config, database, tracking } = services;
  const active = (await listRuns(database.db, { limit: 1, status: 'active' }))[0];
  const champion = await tracking.registry.findAlias(config.model.name, CHAMPION);
  if (champion !== undefined && active === undefined) return [];
  if (active !== undefined) {
    await follow(active.id, 'goes on', services, terminal, signal);
    return [];
  }
  const { candidates } = config.pipeline;
  const quick = candidates.filter(({ recipe }) => recipe === QUICK_RECIPE);
  const request = quick.length === 0 ? {} : { candidates: quick };
  const { runId } = await queueing.runs.startRun({ trigger: 'manual', request });
  await follow(runId, 'starts', services, terminal, signal);
  return quick.length === 0 ? [] : candidates.filter((candidate) => !quick.includes(candidate));
}

/** The slower candidates against the first champion: the loop, once, before the user's eyes. */
async function challengeFirst(
  candidates: readonly CandidateConfig[],
  services: Services,
  { runs }: QueueServices,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  if (candidates.length === 0 || signal.aborted) return;
  try {
    const { runId } = await runs.startRun({ trigger: 'manual', request: { candidates: [...candidates] } });
    await follow(runId, 'trains a challenger of the first champion', services, terminal, signal);
  } catch (error) {
    // Somebody was quicker to start one: theirs goes before.
    if (toAppError(error).code !== 'conflict') throw error;
  }
}

async function follow(
  runId: string,
  what: string,
  { database }: Services,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  terminal.note(`run ${runId} ${what}`);
  try {
    const run = await followRun({ db: database.db, runId, terminal, signal });
    terminal.note(`run ${runId} ${run.status}${run.error === null ? '' : `: ${run.error.message}`}`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The registry has the champion a moment before the server has loaded it. */
async function untilReady(url: string, signal: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + LOAD_WAIT_MS;
  while (!signal.aborted && Date.now() < deadline) {
    const ready = await fetch(`${url}/ready`, { signal }).catch(() => undefined);
    if (ready?.ok === true) return true;
    await sleep(READY_POLL_MS, signal).catch(() => undefined);
  }
  return false;
}

async function announce(
  { config, tracking }: Services,
  url: string,
  next: Date | undefined,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const champion = await tracking.registry.findAlias(config.model.name, CHAMPION);
  if (champion === undefined) {
    terminal.print(`no champion yet: "copyloop runs latest" says why, POST ${url}/runs tries again`);
    return;
  }
  if (!(await untilReady(url, signal))) {
    if (!signal.aborted)
      terminal.note(`version ${champion.version} is not loaded yet: GET ${url}/info says why`);
    return;
  }
  const accuracy = Number(champion.tags['copyloop.accuracy'] ?? Number.NaN);
  const schedule = next === undefined ? 'no schedule' : `next run ${next.toISOString()}`;
  terminal.print(
    [
      `version ${champion.version} of ${config.model.name} is the champion${Number.isFinite(accuracy) ? ` (${renderPercent(accuracy)} on held-out rows)` : ''}; ${schedule}`,
      `  console     ${url}/`,
      `  try it      curl -s ${url}/predict -H 'content-type: application/json' -d '{"title": "Premium Headphones", "description": "Crystal clear sound."}'`,
      `  the API     ${url}/docs`,
      `  the queues  ${url}/queues`,
      '  stop        Ctrl-C',
    ].join('\n'),
  );
  offerBrowser(`${url}/`, terminal, signal);
}
