/**
 * Requests to one provider, side by side but no more than it takes: when it says that its limit is reached,
 * all wait, not only the one that was told.
 */
import { sleep, type Clock } from '../../../core/clock.ts';

export interface Lane {
  /** Waits for a place; call the result when the request has ended. @throws the signal's reason */
  enter(signal: AbortSignal): Promise<() => void>;
  /** Reads what an answer says of the provider's limits. */
  heed(response: Pick<Response, 'status' | 'headers'>, retryAfterMs: number): void;
}

export function createLane(maxParallel: number, clock: Clock): Lane {
  let running = 0;
  let pausedUntilMs = 0;
  const line: (() => void)[] = [];

  const takePlace = async (signal: AbortSignal): Promise<void> => {
    if (running < maxParallel) {
      running += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        line.splice(line.indexOf(onTurn), 1);
        reject(signal.reason as Error);
      };
      const onTurn = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      line.push(onTurn);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  };
  const leave = (): void => {
    const next = line.shift();
    // The place goes to the next in line as it is.
    if (next === undefined) running -= 1;
    else next();
  };

  return {
    enter: async (signal) => {
      signal.throwIfAborted();
      await takePlace(signal);
      try {
        for (let waitMs = pausedUntilMs - clock.nowMs(); waitMs > 0;) {
          await sleep(waitMs, signal);
          waitMs = pausedUntilMs - clock.nowMs();
        }
      } catch (thrown) {
        leave();
        throw thrown;
      }
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        leave();
      };
    },
    heed: ({ status, headers }, retryAfterMs) => {
      const waits = status === 429 || status === 503 ? [retryAfterMs] : [];
      for (const of of ['requests', 'tokens']) {
        if (headers.get(`x-ratelimit-remaining-${of}`)?.trim() === '0')
          waits.push(parseDurationMs(headers.get(`x-ratelimit-reset-${of}`)));
      }
      pausedUntilMs = Math.max(pausedUntilMs, clock.nowMs() + Math.max(0, ...waits));
    },
  };
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `1s`, `6m0s`, `20ms`, or seconds; 0 for anything else. */
export function parseDurationMs(text: string | null): number {
  if (text === null) return 0;
  if (/^\d+(?:\.\d+)?$/u.test(text)) return Number(text) * 1000;
  let total = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(?<![\d.])(\d{1,12}(?:\.\d{1,12})?)(ms|s|m|h)/gu))
    total += Number(amount) * (UNIT_MS[unit] ?? 0);
  return total;
}
