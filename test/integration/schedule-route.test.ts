/** The schedule over HTTP: what is to come, what was, and a pause that all workers heed. */
import { afterEach, expect, it } from 'vitest';
import { idleHandlers } from '../../fixtures/idle-handlers.ts';
import { openServerHarness, type ServerHarness } from './server-harness.ts';

interface Shown {
  schedule: {
    paused: boolean;
    changed_by: string | null;
    next: string[];
    last: { slot: string; outcome: string; run_id: string | null; reason: string | null }[];
  };
  preview: { cron: string; time_zone: string; next: string[] } | null;
}

let harness: ServerHarness | undefined;
afterEach(() => harness?.close());

it('a paused schedule skips its ticks and says so, and goes on when it is let', async () => {
  harness = await openServerHarness();
  const { config, runs } = harness;
  const server = await harness.openServer();
  const ask = async (query = '', paused?: unknown): Promise<{ status: number } & Shown> => {
    const response = await fetch(`${server.url}/schedule${query}`, {
      ...(paused !== undefined && {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ paused }),
      }),
    });
    return { ...((await response.json()) as Shown), status: response.status };
  };
  const hours = (ticks: readonly string[]): string[] => ticks.map((tick) => tick.slice(11));

  const { schedule, preview } = await ask();
  const { cron, timeZone, enabled } = config.pipeline.schedule;
  expect(schedule).toMatchObject({ cron, time_zone: timeZone, enabled, paused: false, changed_by: null });
  expect(hours(schedule.next)).toEqual(Array.from({ length: 5 }, () => '00:00:00.000Z'));
  expect(new Set(schedule.next).size).toBe(5);
  expect([schedule.last, preview]).toEqual([[], null]);

  expect((await ask('', true)).schedule).toMatchObject({ paused: true, changed_by: 'local user' });
  const first = new Date('2026-11-01T00:00:00Z');
  const reason = 'the schedule is paused';
  expect(await runs.startScheduledRun(first)).toEqual({ outcome: 'skipped', reason });
  expect((await ask('', false)).schedule.paused).toBe(false);
  const second = new Date('2026-11-02T00:00:00Z');
  await harness.openWorkers(() => idleHandlers);
  expect(await runs.startScheduledRun(second)).toMatchObject({ outcome: 'started' });
  expect((await ask()).schedule.last).toEqual([
    { slot: second.toISOString(), outcome: 'started', run_id: expect.any(String), reason: null },
    { slot: first.toISOString(), outcome: 'skipped', run_id: null, reason },
  ]);

  const tokyo = await ask(
    `?${new URLSearchParams({ cron: '30 9 * * *', timeZone: 'Asia/Tokyo' }).toString()}`,
  );
  expect(tokyo.preview).toMatchObject({ cron: '30 9 * * *', time_zone: 'Asia/Tokyo' });
  expect(hours(tokyo.preview?.next ?? [])).toEqual(Array.from({ length: 5 }, () => '00:30:00.000Z'));
  expect((await ask('?cron=never')).status).toBe(400);
  expect((await ask('?timeZone=Atlantis')).status).toBe(400);
  expect((await ask('', 'yes')).status).toBe(400);
});
