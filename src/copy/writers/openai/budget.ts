/**
 * What may be spent on a paid endpoint: per minute in this process, per UTC day in a ledger that may be
 * shared and outlive it.
 */
import { MINUTE_MS, DAY_MS, type Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';

export interface BudgetLimits {
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  tokensPerDay?: number;
}

/** Tokens spent by UTC day (`2026-11-24`). */
export interface SpendingLedger {
  /** Adds tokens to a day unless that would exceed `limit`, atomically. */
  spend(day: string, tokens: number, limit: number): Promise<{ isGranted: boolean; spent: number }>;
  /**
   * Adds what an estimate was short of, or takes off what it was over; a correction that cannot be written
   * leaves the estimate, which is the safe side.
   */
  correct(day: string, tokens: number): Promise<void>;
}

export interface Budget {
  /**
   * Sets tokens aside for one request; call the result with what it really used.
   *
   * @throws AppError `too-busy` naming the limit, what is spent and when it opens again.
   */
  reserve(tokens: number): Promise<(usedTokens: number) => Promise<void>>;
}

export function createBudget(limits: BudgetLimits, clock: Clock, ledger = createMemoryLedger()): Budget {
  const requests = createWindow('requests per minute', limits.requestsPerMinute, clock);
  const tokensOfMinute = createWindow('tokens per minute', limits.tokensPerMinute, clock);
  return {
    async reserve(tokens) {
      requests.require(1);
      tokensOfMinute.require(tokens);
      const { tokensPerDay } = limits;
      const day = clock.now().toISOString().slice(0, 10);
      if (tokensPerDay !== undefined) {
        const { isGranted, spent } = await ledger.spend(day, tokens, tokensPerDay);
        if (!isGranted) throw usedUp(tokensPerDay, 'tokens per day', spent, tokens, opensInMs(clock, DAY_MS));
      }
      requests.add(1);
      const correctMinute = tokensOfMinute.add(tokens);
      return async (used) => {
        correctMinute(used);
        if (tokensPerDay !== undefined) await ledger.correct(day, used - tokens);
      };
    },
  };
}

/** A ledger of this process alone. */
function createMemoryLedger(): SpendingLedger {
  const days = new Map<string, number>();
  return {
    spend: (day, tokens, limit) => {
      const spent = days.get(day) ?? 0;
      const isGranted = spent + tokens <= limit;
      if (isGranted) days.set(day, spent + tokens);
      return Promise.resolve({ isGranted, spent });
    },
    correct: (day, tokens) => {
      days.set(day, (days.get(day) ?? 0) + tokens);
      return Promise.resolve();
    },
  };
}

function createWindow(name: string, limit: number | undefined, clock: Clock) {
  let minute = 0;
  let spent = 0;
  const roll = (): void => {
    const current = Math.floor(clock.nowMs() / MINUTE_MS);
    if (current === minute) return;
    minute = current;
    spent = 0;
  };
  return {
    require(cost: number): void {
      roll();
      if (limit === undefined || spent + cost <= limit) return;
      throw usedUp(limit, name, spent, cost, opensInMs(clock, MINUTE_MS));
    },
    /** Returns how to correct the estimate; a correction after the minute has passed changes nothing. */
    add(cost: number): (used: number) => void {
      const at = minute;
      spent += cost;
      return (used) => {
        roll();
        if (minute === at) spent += used - cost;
      };
    },
  };
}

function opensInMs(clock: Clock, lengthMs: number): number {
  return lengthMs - (clock.nowMs() % lengthMs);
}

function usedUp(limit: number, name: string, spent: number, needed: number, waitMs: number): AppError {
  return new AppError(
    'too-busy',
    `the budget of ${limit} ${name} is used up (${spent} spent, ${needed} needed); it opens again in ${Math.ceil(waitMs / 1000)} s`,
    { details: { limit, spent } },
  );
}
