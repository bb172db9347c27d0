/**
 * The daily schedule: one BullMQ job scheduler on the queue `start-run`. It outlives its process, so
 * switching it off means removing it.
 */
import type { Queue } from 'bullmq';
import type { Config } from '../core/config/index.ts';
import { START_RUN_QUEUE, type StageQueues } from './stage-queues.ts';

const SCHEDULER_ID = 'daily';

/**
 * Sets the schedule as configured, or removes it. One that is set already is left as it is, with a tick that
 * came while no worker was there: the first worker takes it, and whatever number of ticks was missed, it is
 * one run. The configuration was refused before if its cron pattern cannot be used.
 * @returns the next tick, undefined when it is off
 */
export async function applySchedule(
  queues: StageQueues,
  schedule: Config['pipeline']['schedule'],
): Promise<Date | undefined> {
  const queue = queues.queues.get(START_RUN_QUEUE);
  if (queue === undefined) return undefined;
  if (!schedule.enabled) {
    await queue.removeJobScheduler(SCHEDULER_ID);
    return undefined;
  }
  const set = await queue.getJobScheduler(SCHEDULER_ID);
  if (set?.next !== undefined && set.pattern === schedule.cron && set.tz === schedule.timeZone) {
    if (await isTickQueued(queue, set.next)) return new Date(set.next);
  }
  await queue.upsertJobScheduler(
    SCHEDULER_ID,
    { pattern: schedule.cron, tz: schedule.timeZone },
    {
      name: START_RUN_QUEUE,
      data: {},
      opts: { attempts: 3, removeOnComplete: { count: 100 }, removeOnFail: { count: 100 } },
    },
  );
  return await nextTick(queues);
}

/** Without its job a schedule never ticks again. */
async function isTickQueued(queue: Queue, tickMs: number): Promise<boolean> {
  const state = await queue.getJobState(`repeat:${SCHEDULER_ID}:${tickMs}`);
  return state !== 'unknown' && state !== 'completed' && state !== 'failed';
}

/** Sets the schedule anew when the queues have lost it. @returns whether they had */
export async function restoreSchedule(
  queues: StageQueues,
  schedule: Config['pipeline']['schedule'],
): Promise<boolean> {
  if (!schedule.enabled || (await nextTick(queues)) !== undefined) return false;
  await applySchedule(queues, schedule);
  return true;
}

/** When the next run is due; undefined without a schedule. */
export async function nextTick(queues: Pick<StageQueues, 'queues'>): Promise<Date | undefined> {
  const scheduler = await queues.queues.get(START_RUN_QUEUE)?.getJobScheduler(SCHEDULER_ID);
  return scheduler?.next === undefined ? undefined : new Date(scheduler.next);
}

/** The scheduled time of a tick's job: BullMQ names it `repeat:<scheduler>:<milliseconds>`. */
export function slotOf(tickJobId: string): Date | undefined {
  const millis = Number(/^repeat:.+:(\d+)$/.exec(tickJobId)?.[1]);
  return Number.isFinite(millis) ? new Date(millis) : undefined;
}
