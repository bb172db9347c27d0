/**
 * copyloop beside `mlflow server` on SQLite and on PostgreSQL, over the same REST calls from the same client: npm run bench:tracking
 * Exit code 1 when a ratio of issue 7 is missed. Python: COPYLOOP_CLIENTS_PYTHON or var/mlflow-venv (mlflow and psycopg2-binary).
 * `--quick` measures less, to try the bench itself.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { z } from 'zod';
import { sleep } from '../src/core/clock.ts';
import { createSilentLogger } from '../src/core/log.ts';
import { packageRoot } from '../src/core/paths.ts';
import { withResources, type Resources } from '../src/core/resources.ts';
import { openDatabase, openEmbeddedPostgres } from '../src/db/index.ts';
import { seedCopyloop } from './tracking/seed-copyloop.ts';

const run = promisify(execFile);
const quick = process.argv.includes('--quick');
const SEEDED_RUNS = 10_000;
const REPEATS = quick
  ? { create: 5, log_batch: 2, log_metric: 20, search: 2 }
  : { create: 40, log_batch: 10, log_metric: 200, search: 8 };

/** How many times as fast copyloop has to be (issue 7, Must show 3). */
const RATIOS = { create: 10, log_metric: 10, search: 10, search_filtered: 10, log_batch: 5 } as const;
type Figure = keyof typeof RATIOS;
const FIGURES = Object.keys(RATIOS) as Figure[];

const timing = z.object({ median_ms: z.number(), worst_ms: z.number(), repeats: z.int() });
const resultSchema = z.record(
  z.enum(['create', 'log_metric', 'search', 'search_filtered', 'log_batch']),
  timing,
);
type Result = z.infer<typeof resultSchema>;

const python =
  process.env['COPYLOOP_CLIENTS_PYTHON'] ?? path.join(packageRoot, 'var', 'mlflow-venv', 'bin', 'python');
const scripts = path.join(packageRoot, 'bench', 'tracking');
const log = createSilentLogger();

const { stdout: mlflowVersion } = await run(python, ['-c', 'import mlflow; print(mlflow.__version__)']);
console.info(
  `MLflow ${mlflowVersion.trim()}, Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? ''})`,
);
console.info(`search: ${SEEDED_RUNS} runs with 10 params, 3 metrics and 3 tags each`);

const ours = await measure('copyloop', openCopyloop);
const misses: string[] = [];
for (const [name, open] of [
  ['mlflow server on SQLite', openMlflowOnSqlite],
  ['mlflow server on PostgreSQL', openMlflowOnPostgres],
] as const)
  compare(name, await measure(name, open));
for (const miss of misses) console.error(`MISSED: ${miss}`);
process.exitCode = misses.length === 0 ? 0 : 1;

function compare(name: string, theirs: Result): void {
  console.info(`\ncopyloop beside ${name} (median ms)`);
  for (const figure of FIGURES) {
    const [mine, other] = [ours[figure].median_ms, theirs[figure].median_ms];
    const ratio = other / mine;
    const verdict = ratio >= RATIOS[figure] ? 'ok' : 'MISSED';
    const columns = [figure.padEnd(16), mine.toFixed(2).padStart(9), other.toFixed(2).padStart(9)];
    console.info(
      `  ${columns.join(' ')}  ${ratio.toFixed(1).padStart(6)} times (at least ${RATIOS[figure]}) ${verdict}`,
    );
    if (ratio < RATIOS[figure])
      misses.push(`${figure} against ${name}: ${ratio.toFixed(1)} times, wanted ${RATIOS[figure]}`);
  }
}

interface Opened {
  url: string;
  experiment: string;
}

async function measure(
  name: string,
  open: (folder: string, resources: Resources) => Promise<Opened>,
): Promise<Result> {
  return await withResources(log, async (resources) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-bench-tracking-'));
    // PostgreSQL runs as another user when this is root.
    await chmod(folder, 0o755);
    resources.defer('folder', () => rm(folder, { recursive: true, force: true }));
    const { url, experiment } = await open(folder, resources);
    const { stdout } = await run(python, [
      path.join(scripts, 'load.py'),
      url,
      experiment,
      JSON.stringify(REPEATS),
    ]);
    const result = resultSchema.parse(JSON.parse(stdout));
    const figures = FIGURES.map((figure) => `${figure} ${result[figure].median_ms.toFixed(2)} ms`);
    console.info(`${name}: ${figures.join(', ')}`);
    return result;
  });
}

async function openCopyloop(folder: string, resources: Resources): Promise<Opened> {
  const database = await openDatabase({ databaseUrl: null, varDir: folder, poolSize: 2, log });
  resources.add('database', database);
  const experiment = await seedCopyloop(database.db, SEEDED_RUNS);
  const port = await findFreePort();
  const server = spawn(
    process.execPath,
    ['--import', 'tsx', 'src/cli/main.ts', 'server', '--var', folder, '--port', String(port)],
    {
      stdio: 'ignore',
      cwd: packageRoot,
      env: { ...process.env, DATABASE_URL: database.url, COPYLOOP_LOGGING__LEVEL: 'warn' },
    },
  );
  return { url: await waitForServer(server, port, resources), experiment };
}

async function openMlflowOnSqlite(folder: string, resources: Resources): Promise<Opened> {
  return await openMlflow(folder, `sqlite:///${path.join(folder, 'mlflow.db')}`, resources);
}

async function openMlflowOnPostgres(folder: string, resources: Resources): Promise<Opened> {
  const postgres = resources.add('postgres', await openEmbeddedPostgres({ varDir: folder, log }));
  const maintenance = new URL(postgres.url);
  maintenance.pathname = '/postgres';
  const client = new Client({ connectionString: maintenance.href });
  await client.connect();
  await client.query('CREATE DATABASE mlflow');
  await client.end();
  maintenance.pathname = '/mlflow';
  return await openMlflow(folder, maintenance.href.replace('postgres:', 'postgresql+psycopg2:'), resources);
}

async function openMlflow(folder: string, uri: string, resources: Resources): Promise<Opened> {
  const artifacts = path.join(folder, 'artifacts');
  await mkdir(artifacts);
  const seeding = await run(python, [
    path.join(scripts, 'seed_mlflow.py'),
    uri,
    artifacts,
    String(SEEDED_RUNS),
  ]);
  if (uri.startsWith('postgresql')) await analyse(uri.replace('+psycopg2', ''));
  const port = await findFreePort();
  const options = ['--backend-store-uri', uri, '--artifacts-destination', artifacts, '--host', '127.0.0.1'];
  // A group of its own: the server starts workers, which end with it.
  const server = spawn(python, ['-m', 'mlflow', 'server', ...options, '--port', String(port)], {
    cwd: folder,
    stdio: 'ignore',
    detached: true,
  });
  return {
    url: await waitForServer(server, port, resources),
    experiment: seeding.stdout.trim().split('\n').at(-1) ?? '',
  };
}

async function analyse(uri: string): Promise<void> {
  const client = new Client({ connectionString: uri });
  await client.connect();
  await client.query('ANALYZE');
  await client.end();
}

async function waitForServer(server: ChildProcess, port: number, resources: Resources): Promise<string> {
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  resources.defer('server', async () => {
    if (server.exitCode === null && server.pid !== undefined) stop(server);
    await exited;
  });
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline && server.exitCode === null) {
    const isUp = await fetch(`${url}/version`).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return url;
    await sleep(100);
  }
  throw new Error(`the server on port ${port} did not start`);
}

/** A process that leads a group is ended with its group. */
function stop(server: ChildProcess): void {
  const { pid } = server;
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    server.kill('SIGTERM');
  }
}

async function findFreePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
