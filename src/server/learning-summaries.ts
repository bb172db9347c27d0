/**
 * Summaries of what texts have earned. Counting a large log takes longer than a page should wait for, and its
 * sums change little in an hour: what was counted of one is answered again, with when, while it is counted
 * anew.
 */
import { HOUR_MS, SECOND_MS, type Clock } from '../core/clock.ts';
import { sumEarned, type LogFilter, type RewardSummary } from '../data/index.ts';

export interface CountedSummary extends RewardSummary {
  countedAt: Date;
}

export const LARGE_LOG_TEXTS = 20_000;
export const KEPT_MS = HOUR_MS;
/**
 * So long nothing is counted anew, or so often as long as the counting took: pages ask again at each event.
 */
export const FRESH_MS = 10 * SECOND_MS;
export const FRESH_COUNTS = 50;
/** Filters, each with its summary. */
const MOST_KEPT = 50;

interface Kept {
  summary: CountedSummary;
  freshUntilMs: number;
}

/** @param count counts the log as it is now; whoever asks meanwhile shares what it finds */
export function keepSummaries(
  count: (filter: LogFilter) => Promise<RewardSummary>,
  clock: Pick<Clock, 'nowMs'>,
): (filter: LogFilter, mustCount?: boolean) => Promise<CountedSummary> {
  const kept = new Map<string, Kept>();
  const counting = new Map<string, Promise<CountedSummary>>();

  const countAnew = async (key: string, filter: LogFilter): Promise<CountedSummary> => {
    try {
      const beganMs = clock.nowMs();
      const summary = { ...(await count(filter)), countedAt: new Date(beganMs) };
      kept.delete(key);
      const freshMs = Math.min(KEPT_MS, Math.max(FRESH_MS, FRESH_COUNTS * (clock.nowMs() - beganMs)));
      if (sumEarned(summary.byField).texts >= LARGE_LOG_TEXTS)
        kept.set(key, { summary, freshUntilMs: beganMs + freshMs });
      for (const oldest of [...kept.keys()].slice(0, -MOST_KEPT)) kept.delete(oldest);
      return summary;
    } finally {
      counting.delete(key);
    }
  };

  return async (filter, mustCount = false) => {
    const key = JSON.stringify(filter);
    const known = mustCount ? undefined : kept.get(key);
    const nowMs = clock.nowMs();
    if (known !== undefined && nowMs <= known.freshUntilMs) return known.summary;
    const counted = counting.get(key) ?? countAnew(key, filter);
    counting.set(key, counted);
    if (known === undefined || nowMs - known.summary.countedAt.getTime() > KEPT_MS) return await counted;
    // Whoever asks next tries again, or is told why it fails once this one is too old.
    counted.catch(() => undefined);
    return known.summary;
  };
}
