/**
 * State must reach PostgreSQL even when it restarts under us: the same statement is sent again until it does
 * or a minute has passed.
 */
import { sleep } from '../../core/clock.ts';
import { toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { isConnectionLost } from '../../db/index.ts';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2000;
const GIVE_UP_AFTER_MS = 60_000;

/**
 * Repeats a write that may be repeated. @throws the last error once a minute has passed, and any other error
 * at once
 */
export async function retryWhileOffline<T>(log: Logger, write: () => Promise<T>): Promise<T> {
  const giveUpAt = Date.now() + GIVE_UP_AFTER_MS;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, MAX_DELAY_MS)) {
    try {
      return await write();
    } catch (thrown) {
      if (!isConnectionLost(thrown) || Date.now() + delayMs > giveUpAt) throw thrown;
      log.warn({ err: toError(thrown), delayMs }, 'PostgreSQL was out of reach; writing the state again');
      await sleep(delayMs);
    }
  }
}
