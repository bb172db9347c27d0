/** What may be spent on a paid endpoint, per minute and per UTC day. It counts in this process: several servers each have their own. */
import { DAY_MS, MINUTE_MS, type Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';

export interface BudgetLimits {
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  tokensPerDay?: number;
}

export interface Budget {
  /**
   * Sets tokens aside for one request; call the result with what it really used.
   *
   * @throws AppError `too-busy` naming the limit, what is spent and when it opens again.
   */
  reserve(tokens: number): (usedTokens: number) => void;
}

export function createBudget(limits: BudgetLimits, clock: Clock): Budget {
  const windows = [
    createWindow('requests per minute', limits.requestsPerMinute, MINUTE_MS, clock, () => 1),
    createWindow('tokens per minute', limits.tokensPerMinute, MINUTE_MS, clock, (tokens) => tokens),
    createWindow('tokens per day', limits.tokensPerDay, DAY_MS, clock, (tokens) => tokens),
  ];
  return {
    reserve(tokens) {
      for (const window of windows) window.require(tokens);
      const settle = windows.map((window) => window.add(tokens));
      return (used) => settle.forEach((correct) => correct(used));
    },
  };
}

function createWindow(
  name: string,
  limit: number | undefined,
  lengthMs: number,
  clock: Clock,
  costOf: (tokens: number) => number,
) {
  let window = 0;
  let spent = 0;
  const roll = (): void => {
    const current = Math.floor(clock.nowMs() / lengthMs);
    if (current !== window) {
      window = current;
      spent = 0;
    }
  };
  return {
    require(tokens: number): void {
      roll();
      const cost = costOf(tokens);
      if (limit === undefined || spent + cost <= limit) return;
      const opensInS = Math.ceil(((window + 1) * lengthMs - clock.nowMs()) / 1000);
      throw new AppError(
        'too-busy',
        `the budget of ${limit} ${name} is used up (${spent} spent, ${cost} needed); it opens again in ${opensInS} s`,
        {
          details: { limit, spent },
        },
      );
    },
    /** Returns how to correct the estimate; a correction after the window has passed changes nothing. */
    add(tokens: number): (usedTokens: number) => void {
      const reserved = costOf(tokens);
      const at = window;
      spent += reserved;
      return (used) => {
        roll();
        if (window === at) spent += costOf(used) - reserved;
      };
    },
  };
}
