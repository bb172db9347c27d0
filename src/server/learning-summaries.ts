/**
 * Summaries of what texts have earned. Counting a large log takes longer than a page should wait for, and its
 * sums change little in minutes: what was counted of one is answered again, while it is counted anew.
 */
import { MINUTE_MS, SECOND_MS, type Clock } from '../core/clock.ts';
import { sumEarned, type LogFilter, type RewardSummary } from '../data/index.ts';

export type Summarize = (filter: LogFilter) => Promise<RewardSummary>;

export const LARGE_LOG_TEXTS = 20_000;
export const KEPT_MS = 5 * MINUTE_MS;
/** So long nothing is counted anew. */
export const FRESH_MS = 10 * SECOND_MS;
/** Filters, each with its summary. */
const MOST_KEPT = 50;

interface Kept {
  summary: RewardSummary;
  countedMs: number;
  isRenewed: boolean;
}

/** @param count counts the log as it is now */
export function keepSummaries(count: Summarize, clock: Pick<Clock, 'nowMs'>): Summarize {
  const kept = new Map<string, Kept>();

  const renew = async (key: string, filter: LogFilter): Promise<RewardSummary> => {
    const countedMs = clock.nowMs();
    const summary = await count(filter);
    kept.delete(key);
    if (sumEarned(summary.byField).texts >= LARGE_LOG_TEXTS)
      kept.set(key, { summary, countedMs, isRenewed: false });
    for (const oldest of [...kept.keys()].slice(0, -MOST_KEPT)) kept.delete(oldest);
    return summary;
  };

  return async (filter) => {
    const key = JSON.stringify(filter);
    const known = kept.get(key);
    const ageMs = known === undefined ? Infinity : clock.nowMs() - known.countedMs;
    if (known === undefined || ageMs > KEPT_MS) return await renew(key, filter);
    if (ageMs > FRESH_MS && !known.isRenewed) {
      known.isRenewed = true;
      // Whoever asks next tries again, or is told why it fails once this one is too old.
      renew(key, filter).catch(() => (known.isRenewed = false));
    }
    return known.summary;
  };
}
