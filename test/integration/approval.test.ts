/**
 * The real pipeline with a person behind the gate, and the frozen holdout that every later training has to
 * leave alone.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { handleError, type AppEnv } from '../../src/server/http/index.ts';
import { createModelRoutes } from '../../src/server/routes/models.ts';
import { createModelGateRoutes } from '../../src/server/routes/model-gate.ts';
import {
  approvalOf,
  approveVersion,
  awaitApproval,
  createPostgresTrackingStore,
  createWebhookStore,
  pendingTags,
  rejectVersion,
  type ApprovalDesk,
  type TrackingStore,
} from '../../src/tracking/index.ts';
import { createRunHandlers } from '../../src/workers/index.ts';
import { writeTinyBase, writeTinyRows } from '../../fixtures/tiny-base.ts';
import { openTestDatabase } from './databases.ts';
import { openHarness, type Harness } from './pipeline-harness.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const ana = { by: 'ana', reason: 'read the report' };

function openRoutes(harness: Harness, tracking: TrackingStore) {
  const app = new Hono<AppEnv>();
  app.onError(handleError);
  app.use(async (c, next) => {
    c.set('log', createSilentLogger());
    await next();
  });
  const guard = {
    caller: { name: 'ana', isAdmin: true },
    served: { model: 'copy-quality', aliasesInTraffic: () => Promise.resolve(['champion']) },
  };
  app.route(
    '/',
    createModelRoutes(tracking.registry, () => guard),
  );
  app.route(
    '/',
    createModelGateRoutes({
      locks: harness.database.locks,
      registry: tracking.registry,
      artifacts: harness.services.artifacts,
    }),
  );
  const at = '/models/copy-quality/versions';
  return {
    get: async (where: string) => await app.request(`${at}${where}`),
    post: async (where: string, body: unknown) => {
      const headers = { 'content-type': 'application/json' };
      const response = await app.request(`${at}${where}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
  };
}

it('leaves a won gate to a person, whose word moves the champion, and refuses a training on frozen rows', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-approval-'));
  open.push({ close: () => rm(folder, { recursive: true }) });
  const base = await writeTinyBase(path.join(folder, 'base'));
  const rows = await writeTinyRows(path.join(folder, 'rows.csv'), 1500, 7);
  const harness = await openHarness('postgres', { approval: 'required', base });
  open.push(harness);
  const tracking = createPostgresTrackingStore(harness.database.db);
  const webhooks = createWebhookStore(harness.database.db, systemClock, null);
  const { webhookId } = await webhooks.create({
    name: 'approvals',
    url: 'https://example.com/',
    events: ['model_version_tag.set', 'model_version_alias.created'],
  });
  await harness.openWorkers(createRunHandlers({ tracking }));
  const routes = openRoutes(harness, tracking);
  const request = { source: { path: rows }, label: { column: 'label' } };
  const { runId } = await harness.runs.startRun({ trigger: 'manual', request });
  const run = await harness.untilEnded(runId);
  expect(run.error).toBeNull();
  expect(run.stages[3]?.result).toMatchObject({ decision: 'pending-approval', modelVersion: 1 });
  expect(await tracking.registry.findAlias('copy-quality', 'champion')).toBeUndefined();
  expect((await tracking.registry.findAlias('copy-quality', 'challenger'))?.version).toBe(1);
  const { artifacts } = harness.services;
  expect(await artifacts.readText(`runs/${runId}/report.html`)).toContain('Version 1 is pending approval');
  expect(JSON.parse(await artifacts.readText(`runs/${runId}/summary.json`))).toMatchObject({
    champion: null,
    gate: { decision: 'pending-approval' },
  });

  expect(await (await routes.get('/1')).json()).toMatchObject({
    version: { approval: 'pending', gate_report: '/models/copy-quality/versions/1/gate.html' },
  });
  expect(await (await routes.get('/1/gate')).json()).toMatchObject({
    gate: { comparison: { frozenFraction: 0.2, report: { decision: 'pending-approval' } } },
  });
  expect(await (await routes.get('/1/gate.html')).text()).toContain('<h1>Waiting for approval');
  expect((await routes.post('/1/approve', {})).status).toBe(400);
  expect((await routes.post('/9/approve', { reason: 'x' })).status).toBe(404);
  const approved = await routes.post('/1/approve', { reason: 'read the report' });
  expect(approved).toMatchObject({ status: 200, body: { version: { approval: 'approved' } } });
  expect((await tracking.registry.getVersion('copy-quality', 1)).aliases).toEqual(['champion']);
  expect((await tracking.registry.aliasHistory('copy-quality', 'champion'))[0]).toMatchObject({
    movedBy: 'local user',
    reason: 'approved: read the report',
    pipelineRunId: runId,
  });
  expect((await routes.post('/1/reject', { reason: 'too late' })).status).toBe(409);
  const bodies = await harness.database.db
    .selectFrom('webhook_deliveries')
    .select('payload')
    .where('webhook_id', '=', webhookId)
    .execute();
  expect(bodies.map(({ payload }) => payload).join()).toContain(
    '"key":"copyloop.approval.by","value":"local user"',
  );

  // The holdout may not shrink: rows that the champion was judged on would be trained on.
  const { db } = harness.database;
  await db.updateTable('frozen_holdouts').set({ fraction: 0.35 }).execute();
  const second = await harness.runs.replayRun(runId);
  const replay = await harness.untilEnded(second.runId);
  expect(replay).toMatchObject({ status: 'failed', error: { stage: 'register-model' } });
  expect(replay.error?.message).toMatch(
    /\d+ rows of dataset version 2 that would be trained on belong to the frozen holdout of copy-quality/,
  );
  expect(replay.error?.message).toContain('data.split.holdoutFraction is 0.2 and must be at least 0.35');
});

describe('an approval', () => {
  async function openDesk(): Promise<ApprovalDesk> {
    const database = await openTestDatabase();
    open.push(database);
    const { registry } = createPostgresTrackingStore(database.db);
    await registry.createModel({ name: 'm' });
    return { locks: database.locks, registry };
  }
  async function win(desk: ApprovalDesk, against: number | null): Promise<number> {
    const version = await desk.registry.createVersion({
      name: 'm',
      source: 's3://b/m',
      tags: pendingTags(against),
      pipelineRunId: `run-${Math.random()}`,
    });
    await awaitApproval(desk, version, { reason: 'won', pipelineRunId: version.pipelineRunId ?? '' });
    return version.version;
  }
  const champion = async (desk: ApprovalDesk) =>
    (await desk.registry.findAlias('m', 'champion'))?.version ?? null;
  const stateOf = async (desk: ApprovalDesk, version: number) =>
    approvalOf(await desk.registry.getVersion('m', version));

  it('is of the newest version alone: an older one that waits is superseded', async () => {
    const desk = await openDesk();
    const first = await win(desk, null);
    const second = await win(desk, null);
    expect(await stateOf(desk, first)).toBe('superseded');
    expect((await desk.registry.findAlias('m', 'challenger'))?.version).toBe(second);
    await expect(approveVersion(desk, { name: 'm', version: first }, ana)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('is superseded already (by gate)'),
    });
    await approveVersion(desk, { name: 'm', version: second }, ana);
    expect(await champion(desk)).toBe(second);
  });

  it('counts against the champion that the gate knew, and no other', async () => {
    const desk = await openDesk();
    const first = await win(desk, null);
    await approveVersion(desk, { name: 'm', version: first }, ana);
    const second = await win(desk, first);
    const { version: other } = await desk.registry.createVersion({ name: 'm', source: 's3://b/m' });
    await desk.registry.setAlias('m', 'champion', other, { movedBy: 'admin', reason: 'by hand' });
    await expect(approveVersion(desk, { name: 'm', version: second }, ana)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(
        `was compared with version ${first}, but the champion is version ${other} now: run the gate again`,
      ),
    });
    expect(await champion(desk)).toBe(other);
    expect(await stateOf(desk, second)).toBe('pending');
    await rejectVersion(desk, { name: 'm', version: second }, ana);
    expect((await desk.registry.getVersion('m', second)).tags).toMatchObject({
      'copyloop.approval': 'rejected',
      'copyloop.approval.by': 'ana',
      'copyloop.approval.reason': 'read the report',
    });
    expect(await desk.registry.findAlias('m', 'challenger')).toBeUndefined();
  });

  it('is asked for of no version that did not win the gate', async () => {
    const desk = await openDesk();
    await desk.registry.createVersion({ name: 'm', source: 's3://b/m' });
    await expect(approveVersion(desk, { name: 'm', version: 1 }, ana)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('waits for nobody'),
    });
  });

  it('is given or refused once, however many ask at once, more than the pool has connections', async () => {
    const desk = await openDesk();
    const version = await win(desk, null);
    const asked = await Promise.allSettled([
      ...Array.from({ length: 14 }, () => approveVersion(desk, { name: 'm', version }, ana)),
      rejectVersion(desk, { name: 'm', version }, ana),
    ]);
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of asked)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'conflict' });
    expect(await champion(desk)).toBe((await stateOf(desk, version)) === 'approved' ? version : null);
  });
});
