/**
 * Starts the embedded server again when it ends under the process that owns it. Connections come back by
 * themselves: the address stays.
 */
import { sleep } from '../../core/clock.ts';
import { toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';

const WATCH_MS = 500;
/** Before the next try when the server could not be started. */
const RETRY_MS = 5000;

export interface Keeper {
  /** Watches no longer, and waits for a start that is under way no longer either. */
  close(): Promise<void>;
}

export function keepRunning(options: {
  isRunning: () => Promise<boolean>;
  restart: (signal: AbortSignal) => Promise<void>;
  log: Logger;
}): Keeper {
  const { isRunning, restart, log } = options;
  const stopping = new AbortController();
  const wait = async (delayMs: number): Promise<void> =>
    await sleep(delayMs, stopping.signal).catch(() => undefined);
  const watch = async (): Promise<void> => {
    await wait(WATCH_MS);
    while (!stopping.signal.aborted) {
      let delayMs = WATCH_MS;
      try {
        if (!(await isRunning())) {
          log.warn('the embedded PostgreSQL has ended; it is started again');
          await restart(stopping.signal);
          log.info('the embedded PostgreSQL is back');
        }
      } catch (thrown) {
        if (stopping.signal.aborted) return;
        delayMs = RETRY_MS;
        log.error({ err: toError(thrown) }, 'the embedded PostgreSQL could not be started again');
      }
      await wait(delayMs);
    }
  };
  const watching = watch();
  return {
    close: async () => {
      stopping.abort();
      await watching;
    },
  };
}
