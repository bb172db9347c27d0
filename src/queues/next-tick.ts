/**
 * When a cron pattern ticks next. A pattern of certain hours names times of the clock on the wall: one that
 * the clock skips, because it is put forward, means the first moment after; one that comes twice, because it
 * is put back, means the first of both. A pattern of every hour goes by the hours as they pass.
 */
import { CronExpressionParser } from 'cron-parser';
import { DAY_MS, SECOND_MS } from '../core/clock.ts';

const HOURS_OF_A_DAY = 24;

/** @returns the first tick after `afterMs`, in milliseconds since 1970 */
export function nextTickMs(pattern: string, timeZone: string, afterMs: number): number {
  const inZone = CronExpressionParser.parse(pattern, { tz: timeZone, currentDate: new Date(afterMs) });
  if (inZone.fields.hour.values.length === HOURS_OF_A_DAY) return inZone.next().getTime();
  const wallOf = createWallClock(timeZone);
  // The clock on the wall is read as if it were UTC, where every time of it exists once.
  const onWall = CronExpressionParser.parse(pattern, { tz: 'UTC', currentDate: new Date(wallOf(afterMs)) });
  for (;;) {
    const tickMs = momentOf(onWall.next().getTime(), wallOf);
    if (tickMs > afterMs) return tickMs;
  }
}

/** The first moment at which the clock shows `wallMs`, or the first after it when it never does. */
function momentOf(wallMs: number, wallOf: (ms: number) => number): number {
  const offsetAt = (ms: number): number => wallOf(ms) - ms;
  const offsetBefore = offsetAt(wallMs - DAY_MS);
  const candidates = [wallMs - offsetBefore, wallMs - offsetAt(wallMs + DAY_MS)];
  const shown = candidates.filter((ms) => wallOf(ms) === wallMs);
  if (shown.length > 0) return Math.min(...shown);
  let [before, after] = [Math.min(...candidates) - SECOND_MS, Math.max(...candidates)];
  while (after - before > SECOND_MS) {
    const middle = before + Math.floor((after - before) / 2 / SECOND_MS) * SECOND_MS;
    if (offsetAt(middle) === offsetBefore) before = middle;
    else after = middle;
  }
  return after;
}

/** What the clock shows at a moment, as milliseconds of a UTC that would show the same. */
function createWallClock(timeZone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const at = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const seconds = Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second'));
    return seconds + (((ms % SECOND_MS) + SECOND_MS) % SECOND_MS);
  };
}
