/** The schedule: when it ticks and what its ticks did, and the switch that pauses it. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Clock } from '../../core/clock.ts';
import { scheduleSchema, type Config } from '../../core/config/index.ts';
import type { Db } from '../../db/index.ts';
import { nextTicks, pauseSchedule, readSchedule } from '../../queues/index.ts';
import {
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  jsonBody,
  renderAs,
  type AppEnv,
  type Router,
} from '../http/index.ts';

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

const showRoute = defineRoute({
  method: 'get',
  path: '/schedule',
  tags: ['runs'],
  summary: 'When runs start by themselves, the next five ticks and what the last ones did',
  request: {
    query: z.strictObject({
      cron: scheduleSchema.shape.cron
        .optional()
        .openapi({ type: 'string', description: 'a pattern whose next ticks are shown as the preview' }),
      timeZone: scheduleSchema.shape.timeZone
        .optional()
        .openapi({ type: 'string', description: "of the preview; the schedule's when left out" }),
    }),
  },
  responses: {
    200: jsonAnswer('the schedule; preview is null unless cron or timeZone is given', { schedule, preview }),
    400: errorResponse('a pattern or a time zone that cannot be used'),
  },
});

const changeRoute = defineRoute({
  method: 'put',
  path: '/schedule',
  tags: ['runs'],
  summary: 'Pause the schedule, or let it go on; ticks of a paused one are kept as skipped',
  request: { body: jsonBody(z.strictObject({ paused: z.boolean() })) },
  responses: { 200: jsonAnswer('the schedule', { schedule }) },
});

export function createScheduleRoutes(deps: {
  db: Db;
  config: Config['pipeline']['schedule'];
  clock: Clock;
  nameCaller: (c: Context<AppEnv>) => string;
}): Router {
  const { db, config, clock, nameCaller } = deps;
  const show = async () => renderAs(schedule, await readSchedule(db, config, clock.now()));
  return createRouter()
    .openapi(showRoute, async function showSchedule(c) {
      const asked = c.req.valid('query');
      const { cron = config.cron, timeZone = config.timeZone } = asked;
      const isAsked = asked.cron !== undefined || asked.timeZone !== undefined;
      const next = (): string[] => nextTicks(cron, timeZone, clock.now()).map((tick) => tick.toISOString());
      return c.json(
        {
          status: 'success' as const,
          schedule: await show(),
          preview: isAsked ? { cron, time_zone: timeZone, next: next() } : null,
        },
        200,
      );
    })
    .openapi(changeRoute, async function changeSchedule(c) {
      await pauseSchedule(db, { ...c.req.valid('json'), by: nameCaller(c) });
      return c.json({ status: 'success' as const, schedule: await show() }, 200);
    });
}
