/** The schedule: when it ticks and what its ticks did, and the switch that pauses it. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Clock } from '../../core/clock.ts';
import { scheduleSchema, type Config } from '../../core/config/index.ts';
import type { Db } from '../../db/index.ts';
import { nextTicks, pauseSchedule, readSchedule } from '../../queues/index.ts';
import { createRoutes, jsonAnswer, renderAs, route, type AppEnv, type Router } from '../http/index.ts';

const time = z.iso.datetime();
const ticks = z.array(time);
const schedule = z
  .object({
    cron: z.string(),
    time_zone: z.string(),
    enabled: z.boolean(),
    paused: z.boolean(),
    changed_by: z.string().nullable(),
    changed_at: time.nullable(),
    next: ticks,
    last: z.array(
      z.object({
        slot: time,
        outcome: z.enum(['started', 'skipped']),
        run_id: z.string().nullable(),
        reason: z.string().nullable(),
      }),
    ),
  })
  .openapi('Schedule');
const preview = z.object({ cron: z.string(), time_zone: z.string(), next: ticks }).nullable();

export function createScheduleRoutes(deps: {
  db: Db;
  config: Config['pipeline']['schedule'];
  clock: Clock;
  nameCaller: (c: Context<AppEnv>) => string;
}): Router {
  const { db, config, clock, nameCaller } = deps;
  const show = async () => renderAs(schedule, await readSchedule(db, config, clock.now()));
  return createRoutes('runs', [
    route('GET /schedule', {
      summary: 'When runs start by themselves, the next five ticks and what the last ones did',
      query: z.strictObject({
        cron: scheduleSchema.shape.cron
          .optional()
          .openapi({ type: 'string', description: 'a pattern whose next ticks are shown as the preview' }),
        timeZone: scheduleSchema.shape.timeZone
          .optional()
          .openapi({ type: 'string', description: "of the preview; the schedule's when left out" }),
      }),
      answer: jsonAnswer('the schedule; preview is null unless cron or timeZone is given', {
        schedule,
        preview,
      }),
      refusals: { 400: 'a pattern or a time zone that cannot be used' },
      handle: async ({ query }) => {
        const asked = query;
        const { cron = config.cron, timeZone = config.timeZone } = asked;
        const isAsked = asked.cron !== undefined || asked.timeZone !== undefined;
        const next = (): string[] => nextTicks(cron, timeZone, clock.now()).map((tick) => tick.toISOString());
        return {
          schedule: await show(),
          preview: isAsked ? { cron, time_zone: timeZone, next: next() } : null,
        };
      },
    }),
    route('PUT /schedule', {
      summary: 'Pause the schedule, or let it go on; ticks of a paused one are kept as skipped',
      body: z.strictObject({ paused: z.boolean() }),
      answer: jsonAnswer('the schedule', { schedule }),
      handle: async ({ body, c }) => {
        await pauseSchedule(db, { ...body, by: nameCaller(c) });
        return { schedule: await show() };
      },
    }),
  ]);
}
