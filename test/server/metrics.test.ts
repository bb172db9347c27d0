import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { createLogHealth, createSilentLogger } from '../../src/core/log.ts';
import { packageRoot } from '../../src/core/paths.ts';
import type { Schema } from '../../src/db/index.ts';
import { createMetricsRoutes } from '../../src/server/routes/metrics.ts';
import { addStateMetrics } from '../../src/server/state-metrics.ts';
import { addLogMetrics, createMetrics } from '../../src/server/metrics.ts';

const documentation = readFileSync(path.join(packageRoot, 'docs', 'metrics.md'), 'utf8');

it('names every metric of its own in docs/metrics.md, and no other', () => {
  const { registry } = createMetrics(() => undefined);
  addLogMetrics(registry, createLogHealth());
  addStateMetrics(
    registry,
    () => {
      throw new Error('nobody asks for values here');
    },
    createSilentLogger(),
  );
  const names = registry
    .getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => !/^copyloop_(process|nodejs)_/.test(name));
  const documented = [...documentation.matchAll(/^\| `(copyloop_\w+)`/gm)].map((match) => match[1]);
  expect(new Set(documented)).toEqual(new Set(names));
});

it('leaves out what is read from the database while it does not answer, and nothing else', async () => {
  const { registry, servedModelsEvents } = createMetrics(() => undefined);
  // Nobody listens at port 1.
  const pool = new Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  const { config } = loadConfig({ env: {}, overrides: { 'storage.varDir': tmpdir() } });
  addStateMetrics(
    registry,
    () => ({ db, queues: new Map(), config, clock: systemClock, startedAt: new Date() }),
    createSilentLogger(),
  );
  servedModelsEvents.registryRead(false);
  const page = await registry.metrics();
  await db.destroy();
  expect(page).toContain('copyloop_registry_unreadable 1');
  expect(page).not.toMatch(/^copyloop_(job(s|_rows)|runs|run_\w+|feedback_waiting|dataset_rows)[ {]/m);
  expect(page).toMatch(/^copyloop_disk_free_bytes \d/m);
});

it('answers in the text format of Prometheus', async () => {
  const metrics = createMetrics(() => undefined);
  metrics.request({ method: 'POST', route: '/predict', status: 200 }, 0.01);
  expect(await metrics.registry.metrics()).toContain(
    'copyloop_http_requests_total{method="POST",route="/predict",status="200"} 1',
  );
});

it('answers those metrics alone that are asked for by name, and reads nothing for others', async () => {
  const metrics = createMetrics(() => undefined);
  metrics.phase('wait', 0.01);
  addStateMetrics(metrics.registry, () => expect.fail('the database was asked'), createSilentLogger());
  const routes = createMetricsRoutes(metrics);
  const names =
    'copyloop_phase_seconds,no_such,constructor,__proto__,,copyloop_queue_texts,copyloop_queue_texts';
  const answer = await routes.request(`/metrics?names=${names}`);
  expect(answer.status).toBe(200);
  const page = await answer.text();
  const samples = page.split('\n').filter((line) => /^\w/.test(line));
  expect(samples).toContain('copyloop_phase_seconds_count{phase="wait"} 1');
  expect(samples.filter((line) => !line.startsWith('copyloop_phase_seconds'))).toEqual([]);
  expect(page.match(/^# TYPE copyloop_queue_texts gauge$/gm)).toHaveLength(1);
  // Without its last line end Prometheus refuses the whole page.
  expect(page).toMatch(/[^\n]\n$/);
});
