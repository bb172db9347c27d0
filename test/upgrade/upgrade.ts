/**
 * Upgrade and back under load: two servers and a worker of an earlier version are replaced one by one by this
 * one's, then take the traffic back, while 64 connections ask and runs train.
 *
 *     git worktree add ../earlier COMMIT && (cd ../earlier && npm ci)
 *     npm run build && npm run drill:upgrade -- --from ../earlier [--requests 100000]
 *
 * The earlier version's servers live on while the newer schema is there, as the pods of a rollout do until it
 * is complete; a version before `storage.migrate` cannot be started anew on it. Ends with 1 when a request
 * failed or a run did not succeed.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { writeTinyBase, writeTinyRows } from '../../fixtures/tiny-base.ts';
import { sleep } from '../../src/core/clock.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { packageRoot } from '../../src/core/paths.ts';
import { createResources } from '../../src/core/resources.ts';
import { openDatabase } from '../../src/db/index.ts';
import { runCommand, spawnCommand, startCommand, type Running, type Started } from '../chaos/processes.ts';
import { openBalancer } from './balancer.ts';

const { values } = parseArgs({
  options: {
    from: { type: 'string', default: '../earlier' },
    requests: { type: 'string', default: '100000' },
    connections: { type: 'string', default: '64' },
  },
});
const total = Number(values.requests);
const RUN_ENDS_MS = 600_000;
/** How long a server that is taken out is left alone, as a balancer needs it to notice. */
const NOTICE_MS = 1000;
const product = { title: 'Lamp', description: 'a lovely lamp' };

const log = createSilentLogger();
const resources = createResources(log);
const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-upgrade-'));
// As root, PostgreSQL runs as a user of its own and has to get in.
await chmod(folder, 0o755);
resources.defer('folder', async () => await rm(folder, { recursive: true, force: true }));
let exitCode = 1;
try {
  exitCode = await upgrade();
} finally {
  await resources.release();
}
process.exit(exitCode);

async function upgrade(): Promise<number> {
  const { db, url } = resources.add(
    'database',
    await openDatabase({ databaseUrl: null, varDir: folder, poolSize: 2, migrate: 'later', log }),
  );
  const config = path.join(folder, 'settings.yaml');
  await writeFile(config, await describeSettings());
  const env = { COPYLOOP_CONFIG: config, DATABASE_URL: url };
  const earlier = path.resolve(values.from);
  const balancer = resources.add('balancer', await openBalancer());

  const servers: Running[] = [];
  const openServer = async (root: string): Promise<Running> => {
    const server = await startCommand(['server', '--port', '0'], env, root);
    servers.push(server);
    resources.defer('server', async () => void (await server.stop()));
    return server;
  };
  const openWorker = (root: string): Started => {
    const worker = spawnCommand(['worker'], env, root);
    resources.defer('worker', async () => await stop(worker));
    return worker;
  };
  const champion = await runCommand(['run', '--wait'], env, earlier);
  if (champion.code !== 0) throw new Error(champion.said);
  const old = openWorker(earlier);
  const first = await openServer(earlier);
  const second = await openServer(earlier);
  balancer.setServers([first.url, second.url]);
  note('two servers of the earlier version serve');

  const load = sendLoad(balancer.url, total);
  const runs: string[] = [];
  const share = async (part: number): Promise<void> => {
    while (load.sent() < total * part) await sleep(50);
  };
  const startRun = async (): Promise<void> => {
    const { body } = await ask(balancer.url, '/runs', {
      candidates: [
        { name: 'slow', recipe: 'full', seed: runs.length, settings: { epochs: 40, maxLength: 32 } },
      ],
    });
    const { run_id: runId } = body as { run_id?: string };
    if (runId !== undefined) runs.push(runId);
    note(`run ${runId ?? JSON.stringify(body)} starts`);
  };
  await startRun();
  await share(0.1);
  const third = await openServer(packageRoot);
  balancer.setServers([second.url, third.url]);
  note('one of each serves, on the newer schema');
  await share(0.25);
  const fourth = await openServer(packageRoot);
  balancer.setServers([third.url, fourth.url]);
  await sleep(NOTICE_MS);
  note(`an earlier server ends with ${await first.stop()}; only the newer ones serve`);
  const newer = openWorker(packageRoot);
  await stop(old);
  note('the worker is the newer one');
  await untilEnded();
  await startRun();
  await share(0.5);
  balancer.setServers([second.url, fourth.url]);
  await sleep(NOTICE_MS);
  note(`back: a newer server ends with ${await third.stop()}`);
  await share(0.6);
  balancer.setServers([second.url]);
  await sleep(NOTICE_MS);
  note(`a newer server ends with ${await fourth.stop()}; only the earlier one serves`);
  await untilEnded();
  await startRun();
  await share(0.8);
  const fifth = await openServer(packageRoot);
  balancer.setServers([fifth.url]);
  await sleep(NOTICE_MS);
  note(`forward again: the earlier server ends with ${await second.stop()}`);
  const { failures, perSecond } = await load.done;
  await untilEnded();
  await stop(newer);

  const states = await db
    .selectFrom('pipeline_runs')
    .select(['id', 'status'])
    .where('id', 'in', runs)
    .execute();
  const stored = await db
    .selectFrom('predictions')
    .select((e) => e.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${failed} failed of ${total} requests (${perSecond.toFixed(0)}/s), ${stored.count} stored`);
  for (const [what, count] of failures) console.log(`  ${count} x ${what}`);
  if (failed > 0) for (const { output } of servers) console.log(output().slice(-3000));
  console.log(`runs: ${states.map(({ id, status }) => `${id} ${status}`).join(', ')}`);
  const whole = states.length === 3 && states.every(({ status }) => status === 'succeeded');
  return failed === 0 && whole ? 0 : 1;

  async function untilEnded(): Promise<void> {
    const deadline = Date.now() + RUN_ENDS_MS;
    while (Date.now() < deadline) {
      const active = await db
        .selectFrom('pipeline_runs')
        .select('id')
        .where('status', '=', 'active')
        .execute();
      if (active.length === 0) return;
      await sleep(200);
    }
    throw new Error(`a run has not ended in ${RUN_ENDS_MS / 1000} s`);
  }
}

async function stop(started: Started): Promise<void> {
  started.child.kill('SIGTERM');
  await started.ended;
}

/** Only what the earlier version knows. */
async function describeSettings(): Promise<string> {
  const base = await writeTinyBase(path.join(folder, 'base'));
  const rows = await writeTinyRows(path.join(folder, 'rows.csv'), 400, 1);
  const settings = { maxLength: 32, batchSize: 16, learningRate: 0.01 };
  return JSON.stringify({
    model: { base },
    data: { source: { kind: 'file', path: rows }, label: { column: 'label' } },
    pipeline: {
      schedule: { enabled: false },
      candidates: [{ name: 'head', recipe: 'head', seed: 1, settings }],
    },
    gate: { minimumGain: 0, minimumHoldoutRows: 10 },
    serving: { threads: 1, maxLength: 32, reloadPollMs: 500 },
    feedback: { retrainAfter: 0 },
    queues: {
      lockDurationMs: 3000,
      stalledIntervalMs: 1000,
      reconcileIntervalMs: 1000,
    },
    storage: { varDir: path.join(folder, 'var') },
    logging: { level: 'warn' },
  });
}

interface Load {
  sent(): number;
  done: Promise<{ failures: ReadonlyMap<string, number>; perSecond: number }>;
}

function sendLoad(url: string, requests: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: Number(values.connections) });
  const failures = new Map<string, number>();
  const startedMs = performance.now();
  let sent = 0;
  const sendOnOne = async (): Promise<void> => {
    while (sent < requests) {
      sent += 1;
      // Of twenty, one reads what is in the database.
      const [where, body] = sent % 20 === 0 ? ['/runs?limit=5', undefined] : ['/predict', product];
      const failure = await ask(url, where, body, agent).then(
        ({ status, body: said }) =>
          status === 200 ? undefined : `${where} answers ${status} (${JSON.stringify(said).slice(0, 300)})`,
        (error: unknown) => `${where}: ${String(error)}`,
      );
      if (failure === undefined) continue;
      if (!failures.has(failure)) note(failure);
      failures.set(failure, (failures.get(failure) ?? 0) + 1);
    }
  };
  const done = Promise.all(Array.from({ length: Number(values.connections) }, sendOnOne)).then(() => {
    agent.destroy();
    return { failures, perSecond: requests / ((performance.now() - startedMs) / 1000) };
  });
  return { sent: () => sent, done };
}

async function ask(
  url: string,
  where: string,
  body: unknown,
  agent?: Agent,
): Promise<{ status: number; body: unknown }> {
  return await new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request(
      new URL(where, url),
      { method: body === undefined ? 'GET' : 'POST', headers, ...(agent !== undefined && { agent }) },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: answer.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : text });
        });
      },
    );
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function note(what: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${what}`);
}
