/**
 * A stage added as CONTRIBUTING says: its entry in the declaration, its handler, its line in the door. Queue,
 * worker, due work, repairs and views follow from the entry.
 */
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../src/core/errors.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { defineFlow, RUN, type Flow, type RunOwner } from '../../src/queues/index.ts';
import { reconcile, type Handlers } from '../../src/workers/index.ts';
import { idleHandlers } from '../../fixtures/idle-handlers.ts';
import { openHarness, type Harness, type HarnessOverrides } from './pipeline-harness.ts';

const { 'summarize-run': summarize, ...before } = RUN.stages;
/**
 * A run whose report is proof-read once, and then translated into several languages, of which some may fail.
 */
const TOY: Flow<RunOwner> = defineFlow({
  ...RUN,
  stages: {
    ...before,
    'proof-read': {
      result: z.object({ faults: z.int() }),
      after: ['register-model'],
      timeoutMs: 60_000,
      attempts: 2,
    },
    translate: {
      result: z.object({ text: z.string() }),
      after: ['proof-read'],
      each: () => ['de', 'fr', 'xx'],
      mayFail: true,
      timeoutMs: 60_000,
    },
    'summarize-run': { ...summarize, after: ['translate'] },
  },
});

const open: Harness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
});

async function start(overrides: HarnessOverrides = {}): Promise<Harness> {
  const harness = await openHarness('postgres', { ...overrides, runFlow: TOY });
  open.push(harness);
  return harness;
}

const toyHandlers: Handlers = {
  'proof-read': () => Promise.resolve({ faults: 0 }),
  translate: ({ candidate }: { candidate: string }) =>
    candidate === 'xx'
      ? Promise.reject(new AppError('bad-data', 'nobody speaks it'))
      : Promise.resolve({ text: `in ${candidate}` }),
};

it('a stage that was added is worked on after the one before it, and its fan-out before the one after it', async () => {
  const harness = await start();
  const order: string[] = [];
  const noted = Object.fromEntries(
    Object.entries({ ...idleHandlers, ...toyHandlers }).map(([stage, handle]) => [
      stage,
      (payload: never, context: never) => {
        order.push(stage);
        return (handle as NonNullable<Handlers[string]>)(payload, context);
      },
    ]),
  );
  await harness.openWorkers({}, { handlers: noted });
  const { runId } = await harness.runs.startRun({ trigger: 'manual' });
  const run = await harness.untilEnded(runId);
  expect(run.error).toBeNull();
  expect(run.stages.map(({ stage, candidate, status }) => [stage, candidate, status])).toEqual([
    ['generate-data', null, 'succeeded'],
    ['version-data', null, 'succeeded'],
    ['train-model', 'head', 'succeeded'],
    ['register-model', null, 'succeeded'],
    ['proof-read', null, 'succeeded'],
    ['translate', 'de', 'succeeded'],
    ['translate', 'fr', 'succeeded'],
    ['translate', 'xx', 'failed'],
    ['summarize-run', null, 'succeeded'],
  ]);
  expect(order.slice(4, 5)).toEqual(['proof-read']);
  expect(order.at(-1)).toBe('summarize-run');
});

it('a stage that was added is brought back by the reconciler when its worker died before it enqueued what comes next', async () => {
  const harness = await start();
  const { database, queues } = harness;
  const { runId } = await harness.runs.startRun({ trigger: 'manual' });
  for (const stage of ['generate-data', 'version-data', 'train-model', 'register-model']) {
    await database.pool.query(
      `INSERT INTO stage_states (run_id, stage, candidate, status, worker_id, result, finished_at)
       VALUES ($1, $2, $3, 'succeeded', 'dead', '{}'::jsonb, now())`,
      [runId, stage, stage === 'train-model' ? 'head' : ''],
    );
  }
  const log = createSilentLogger();
  await reconcile({ database, queues, log });
  expect(await queues.stateOf({ ownerId: runId, stage: 'proof-read', part: '' })).toBe('waiting');
  await harness.openWorkers({}, { handlers: { ...toyHandlers } });
  expect((await harness.untilEnded(runId)).status).toBe('succeeded');
});

it('a stage that was added takes its own attempts, and its failure ends the run', async () => {
  const harness = await start();
  await harness.openWorkers(
    {},
    { handlers: { ...toyHandlers, 'proof-read': () => Promise.reject(new Error('a hiccup')) } },
  );
  const { runId } = await harness.runs.startRun({ trigger: 'manual' });
  const run = await harness.untilEnded(runId);
  expect(run.error).toMatchObject({ stage: 'proof-read', message: 'a hiccup' });
  expect(run.stages.find(({ stage }) => stage === 'proof-read')?.attempts).toHaveLength(2);
});
