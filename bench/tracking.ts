/**
 * copyloop beside `mlflow server` on SQLite and on PostgreSQL, by the same REST calls of the same client:
 * npm run bench:tracking
 *
 *   The three servers stand at once, and each round asks all of them the same, so that what else the machine
 *   does strikes all. While one is asked the others' processes are stopped: on two cores their pollers and
 *   workers would be measured along. Ours is the compiled server as `npm start` starts it, with its access
 *   log; MLflow's is `mlflow server` with its own defaults. All databases lie in memory where the system has
 *   /dev/shm: a commit waits for the disk on either side, equally long, and a slow disk would be all that is
 *   seen.
 *
 * Options: --quick (fewer calls, to try the bench), --folder DIR (databases there, say on a disk), --runs N
 * (our server alone, searched over N runs with 1,000 metric keys; no ratio is asked).
 *
 * Limits: what a training feels of its tracking (starting a run, logging a metric) and what a person feels
 * who searches among 10,000 runs has to be ten times as fast as MLflow's own server; a batch, which is mostly
 * the client's own work of writing JSON, five times. Ends with exit code 1 when one is missed. Needs python3
 * with venv: installs MLflow into var/bench-mlflow-venv the first time.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { z } from 'zod';
import { createSilentLogger } from '../src/core/log.ts';
import { withResources, type Resources } from '../src/core/resources.ts';
import { openMlflowPython } from './python.ts';
import { readOptions } from './read-options.ts';
import {
  openCopyloop,
  openMlflowOnPostgres,
  openMlflowOnSqlite,
  scripts,
  type Opened,
} from './tracking/servers.ts';

const options = readOptions(import.meta.url, {
  quick: { type: 'boolean', default: false },
  folder: { type: 'string' },
  runs: { type: 'string' },
});
const { quick } = options;
const scale = options.runs === undefined ? null : Number(options.runs);
const base = options.folder ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());

/** How many times as fast copyloop has to be; the reason stands at the head. */
const RATIOS = { create: 10, log_batch: 5, log_metric: 10, search: 10, search_filtered: 10 } as const;
type Figure = keyof typeof RATIOS;
const FIGURES = Object.keys(RATIOS) as Figure[];

const SEEDED_RUNS = 10_000;
const ROUNDS = quick ? 1 : 5;
const WARM_UP_SECONDS = quick ? 1 : 3;
/** Calls without the clock after each change of sides. */
const SETTLE_SECONDS = 0.5;
const REPEATS = quick
  ? { create: 20, log_batch: 3, log_metric: 60, search: 2, search_filtered: 4 }
  : { create: 30, log_batch: 5, log_metric: 150, search: 3, search_filtered: 6 };

const timing = z.object({ median_ms: z.number(), worst_ms: z.number(), repeats: z.int() });
const resultSchema = z.record(z.string(), z.record(z.string(), timing));
type Results = z.infer<typeof resultSchema>;

const log = createSilentLogger();
const python = await openMlflowPython();
if (scale === null) await compare();
else await measureScale(scale);

async function compare(): Promise<void> {
  const { stdout } = await promisify(execFile)(python, ['-c', 'import mlflow; print(mlflow.__version__)']);
  printMachine(`MLflow ${stdout.trim()}, `);
  console.info(`databases in ${base}`);
  console.info(`search: ${SEEDED_RUNS} runs with 10 params, 3 metrics and 3 tags each; ${ROUNDS} rounds`);
  const others = ['mlflow server on PostgreSQL', 'mlflow server on SQLite'];
  const results = await withServers(async (resources, folder) => [
    { name: 'copyloop', ...(await openCopyloop(await folder('copyloop'), resources, { runs: SEEDED_RUNS })) },
    {
      name: others[0],
      ...(await openMlflowOnPostgres(python, await folder('postgres'), resources, SEEDED_RUNS)),
    },
    {
      name: others[1],
      ...(await openMlflowOnSqlite(python, await folder('sqlite'), resources, SEEDED_RUNS)),
    },
  ]);
  const misses = others.flatMap((name) => report(results, name));
  for (const miss of misses) console.error(`MISSED: ${miss}`);
  process.exitCode = misses.length === 0 ? 0 : 1;
}

async function measureScale(runs: number): Promise<void> {
  printMachine('');
  console.info(`search: ${runs} runs with 10 params, 13 metrics of 1,000 keys and 3 tags each`);
  const results = await withServers(async (resources, folder) => [
    {
      name: 'copyloop',
      ...(await openCopyloop(await folder('copyloop'), resources, { runs, metricKeys: 1000 })),
    },
  ]);
  for (const figure of FIGURES) {
    const { median_ms, worst_ms } = timingOf(results, 'copyloop', figure);
    console.info(`  ${figure.padEnd(16)} median ${median_ms.toFixed(2)} ms, worst ${worst_ms.toFixed(2)} ms`);
  }
}

function printMachine(versions: string): void {
  console.info(`${versions}Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? ''})`);
}

function report(results: Results, name: string): string[] {
  console.info(`\ncopyloop beside ${name} (median ms)`);
  return FIGURES.flatMap((figure) => {
    const mine = timingOf(results, 'copyloop', figure).median_ms;
    const other = timingOf(results, name, figure).median_ms;
    const ratio = other / mine;
    const isMissed = ratio < RATIOS[figure];
    const columns = [figure.padEnd(16), mine.toFixed(2).padStart(9), other.toFixed(2).padStart(9)];
    console.info(
      `  ${columns.join(' ')}  ${ratio.toFixed(1).padStart(6)} times (at least ${RATIOS[figure]}) ${isMissed ? 'MISSED' : 'ok'}`,
    );
    return isMissed ? [`${figure} against ${name}: ${ratio.toFixed(1)} times, wanted ${RATIOS[figure]}`] : [];
  });
}

function timingOf(results: Results, name: string, figure: Figure): z.infer<typeof timing> {
  const found = results[name]?.[figure];
  if (found === undefined) throw new Error(`nothing was measured of ${figure} at ${name}`);
  return found;
}

async function withServers(
  open: (
    resources: Resources,
    folder: (name: string) => Promise<string>,
  ) => Promise<(Opened & { name: string | undefined })[]>,
): Promise<Results> {
  return await withResources(log, async (resources) => {
    // Servers have process groups of their own, so that a signal to the bench would leave them behind.
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void resources.release().finally(() => process.exit(130)));
    const folder = async (name: string): Promise<string> => {
      const made = await mkdtemp(path.join(base, `copyloop-bench-tracking-${name}-`));
      // PostgreSQL runs as another user when this is root.
      await chmod(made, 0o755);
      resources.defer('folder', () => rm(made, { recursive: true, force: true }));
      return made;
    };
    const targets = await open(resources, folder);
    return await load(targets);
  });
}

async function load(targets: readonly (Opened & { name: string | undefined })[]): Promise<Results> {
  const client = spawn(python, [path.join(scripts, 'load.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
  client.stdin.end(
    JSON.stringify({
      targets,
      rounds: ROUNDS,
      warm_up_seconds: WARM_UP_SECONDS,
      settle_seconds: SETTLE_SECONDS,
      repeats: REPEATS,
    }),
  );
  const [output, [code]] = await Promise.all([text(client.stdout), once(client, 'exit')]);
  if (code !== 0) throw new Error(`the client ended with ${String(code)}`);
  return resultSchema.parse(JSON.parse(output));
}
