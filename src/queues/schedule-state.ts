/**
 * The schedule as people see it: when it ticks, what its last ticks did, and whether it is paused, which
 * PostgreSQL says to all workers.
 */
import type { Config } from '../core/config/index.ts';
import type { Db, DbTransaction } from '../db/index.ts';
import { nextTickMs } from './next-tick.ts';

export interface ScheduleTick {
  slot: Date;
  outcome: 'started' | 'skipped';
  runId: string | null;
  /** Why it was skipped. */
  reason: string | null;
}

export interface ScheduleView {
  cron: string;
  timeZone: string;
  /** As configured. A schedule that is off does not tick, paused or not. */
  enabled: boolean;
  paused: boolean;
  /** Who paused it or let it go on last; null when nobody has. */
  changedBy: string | null;
  changedAt: Date | null;
  /** Empty when it is off. While it is paused they are skipped. */
  next: Date[];
  /** Newest first. */
  last: ScheduleTick[];
}

const SHOWN_TICKS = 5;

/** The first ticks after `after`. */
export function nextTicks(cron: string, timeZone: string, after: Date, count = SHOWN_TICKS): Date[] {
  const ticks: Date[] = [];
  for (let ms = after.getTime(); ticks.length < count; ticks.push(new Date(ms)))
    ms = nextTickMs(cron, timeZone, ms);
  return ticks;
}

export async function readSchedule(
  db: Db,
  { cron, timeZone, enabled }: Config['pipeline']['schedule'],
  now: Date,
): Promise<ScheduleView> {
  const pause = await readPause(db);
  const last = await db
    .selectFrom('schedule_ticks')
    .select(['slot', 'outcome', 'run_id as runId', 'reason'])
    .orderBy('slot', 'desc')
    .limit(SHOWN_TICKS)
    .execute();
  return {
    cron,
    timeZone,
    enabled,
    paused: pause?.paused === true,
    changedBy: pause?.changed_by ?? null,
    changedAt: pause?.changed_at ?? null,
    next: enabled ? nextTicks(cron, timeZone, now) : [],
    last,
  };
}

/** Heeded by every worker from its next tick on; the ticks meanwhile are kept as skipped. */
export async function pauseSchedule(db: Db, { paused, by }: { paused: boolean; by: string }): Promise<void> {
  const change = { paused, changed_by: by, changed_at: new Date() };
  await db
    .insertInto('schedule_pause')
    .values({ only_one: true, ...change })
    .onConflict((conflict) => conflict.column('only_one').doUpdateSet(change))
    .execute();
}

export async function readPause(db: Db | DbTransaction) {
  return await db.selectFrom('schedule_pause').selectAll().executeTakeFirst();
}
