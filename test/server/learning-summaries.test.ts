import { describe, expect, it } from 'vitest';
import type { LogFilter, RewardSummary } from '../../src/data/index.ts';
import {
  FRESH_COUNTS,
  FRESH_MS,
  KEPT_MS,
  keepSummaries,
  LARGE_LOG_TEXTS,
} from '../../src/server/learning-summaries.ts';

const FILTER: LogFilter = { modelName: 'copy', reward: 'clicks' };

/** A log of so many texts, which tells by its clicks how often it was counted. */
function openLog(texts: number) {
  const log = { counted: 0, nowMs: 0, takesMs: 0, isAway: false };
  const none = { impressions: 0, conversions: 0, accepted: 0, rejected: 0, edited: 0 };
  const count = async (): Promise<RewardSummary> => {
    log.counted += 1;
    log.nowMs += log.takesMs;
    if (log.isAway) throw new Error('the database is away');
    const byField = [{ field: 'ad_copy', texts, clicks: log.counted, ...none }];
    return { byField, byVersion: [], byPolicy: [], choices: null, draws: 0 };
  };
  const summarize = keepSummaries(count, { nowMs: () => log.nowMs });
  const ask = async (filter: Partial<LogFilter> = {}, mustCount = false) =>
    (await summarize({ ...FILTER, ...filter }, mustCount)).byField[0]?.clicks;
  return { log, ask };
}

describe('the summary of a large log', () => {
  it('is answered as it was counted, and counted anew meanwhile', async () => {
    const { log, ask } = openLog(LARGE_LOG_TEXTS);
    expect([await ask(), await ask()]).toEqual([1, 1]);
    log.nowMs += FRESH_MS + 1;
    expect([await ask(), log.counted]).toEqual([1, 2]);
    expect(await ask()).toBe(2);
  });

  it('is counted the less often the longer that takes', async () => {
    const { log, ask } = openLog(LARGE_LOG_TEXTS);
    log.takesMs = FRESH_MS;
    await ask();
    log.nowMs = FRESH_COUNTS * log.takesMs;
    expect([await ask(), log.counted]).toEqual([1, 1]);
    log.nowMs += 1;
    expect([await ask(), log.counted]).toEqual([1, 2]);
  });

  it('is counted for whoever asks once it is too old', async () => {
    const { log, ask } = openLog(LARGE_LOG_TEXTS);
    await ask();
    log.nowMs += KEPT_MS + 1;
    expect(await ask()).toBe(2);
  });

  it('is counted once for all who ask for it at the same time', async () => {
    const { log, ask } = openLog(LARGE_LOG_TEXTS);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
    log.nowMs += KEPT_MS + 1;
    expect(await Promise.all([ask(), ask()])).toEqual([2, 2]);
  });

  it('is counted at once for whoever insists, and then for all', async () => {
    const { log, ask } = openLog(LARGE_LOG_TEXTS);
    await ask();
    expect([await ask(FILTER, true), await ask(), log.counted]).toEqual([2, 2, 2]);
  });

  it('is never older than it may be, however long it takes to count', async () => {
    const { log, ask } = openLog(LARGE_LOG_TEXTS);
    log.takesMs = KEPT_MS / FRESH_COUNTS + 1;
    await ask();
    log.nowMs = KEPT_MS + 1;
    expect(await ask()).toBe(2);
  });

  it('is kept for each filter by itself', async () => {
    const { ask } = openLog(LARGE_LOG_TEXTS);
    const since = new Date(0);
    expect([await ask(), await ask({ field: 'x.text' }), await ask({ since })]).toEqual([1, 2, 3]);
    expect([await ask(), await ask({ field: 'x.text' }), await ask({ since })]).toEqual([1, 2, 3]);
  });

  it('outlasts a count that fails, and says why it fails once it is too old', async () => {
    const { log, ask } = openLog(LARGE_LOG_TEXTS);
    await ask();
    log.isAway = true;
    log.nowMs += FRESH_MS + 1;
    expect([await ask(), await ask()]).toEqual([1, 1]);
    log.nowMs += KEPT_MS;
    await expect(ask()).rejects.toThrow('the database is away');
  });
});

it('the summary of a small log is counted whenever somebody asks', async () => {
  const { ask } = openLog(LARGE_LOG_TEXTS - 1);
  expect([await ask(), await ask()]).toEqual([1, 2]);
});
