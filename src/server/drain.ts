/**
 * How a server leaves while it is being asked: balancers hear of it first (`/ready` answers 503), every
 * answer from then on says `Connection: close`, and a connection is closed only once it is idle, so that no
 * answer on its way is cut off.
 */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { SECOND_MS, sleep } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';

export interface Drain {
  /** From the first moment of the drain. */
  readonly isDraining: boolean;
  /** Resolves when no connection is left. */
  run(): Promise<void>;
}

/** So long a client that has its last answer may take to send the request that is told to be the last. */
const IDLE_GRACE_MS = SECOND_MS;
const CLOSE_IDLE_EVERY_MS = 100;
/** Of callers that come faster than they are taken, some find the door closed all the same. */
const TAKE_WAITING_MS = 5 * SECOND_MS;

/**
 * @param options.delayMs new connections are still taken for so long, until balancers have seen that the
 *   server is not ready
 * @param options.graceMs what is open after so long from then on is cut, and counted in the log
 */
export function createDrain(
  http: HttpServer,
  options: { delayMs: number; graceMs: number; log: Logger },
): Drain {
  const { delayMs, graceMs, log } = options;
  const answering = new Set<ServerResponse>();
  let isDraining = false;
  http.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    if (isDraining) response.shouldKeepAlive = false;
    answering.add(response);
    response.once('close', () => answering.delete(response));
  });

  return {
    get isDraining() {
      return isDraining;
    },
    run: async () => {
      const startedMs = performance.now();
      isDraining = true;
      for (const response of answering) if (!response.headersSent) response.shouldKeepAlive = false;
      log.info({ answering: answering.size, delayMs, graceMs }, 'the server drains');
      if (delayMs > 0) await sleep(delayMs);
      await takeWaitingConnections(http);
      // `close` of an HTTP server cuts idle connections at once, and with them requests that are on their way
      // to it.
      const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(http, () => resolve()));
      // Timers come before what has arrived is read: on a busy machine a connection whose request waits there
      // looks idle.
      const closeIdle = (): void => void setImmediate(() => http.closeIdleConnections());
      const idle = setTimeout(
        () => {
          closeIdle();
          closing = setInterval(closeIdle, CLOSE_IDLE_EVERY_MS);
        },
        Math.min(IDLE_GRACE_MS, graceMs),
      );
      let closing: NodeJS.Timeout | undefined;
      let cut = 0;
      const cutting = setTimeout(() => {
        cut = answering.size;
        http.closeAllConnections();
      }, graceMs);
      await closed;
      for (const timer of [idle, closing, cutting]) clearTimeout(timer);
      http.close();
      const elapsedMs = Math.round(performance.now() - startedMs);
      if (cut > 0)
        log.warn({ elapsedMs, cut }, 'the server has drained; answers that took too long were cut');
      else log.info({ elapsedMs }, 'the server has drained');
    },
  };
}

/**
 * Resolves just after a turn of the event loop that found no connection at the listener: what waits at one
 * that closes is reset, and a turn takes only one of those that wait.
 */
async function takeWaitingConnections(http: HttpServer): Promise<void> {
  let taken: number;
  const take = (): void => void (taken += 1);
  const untilMs = performance.now() + TAKE_WAITING_MS;
  http.on('connection', take);
  do {
    taken = 0;
    await new Promise((resolve) => setImmediate(resolve));
  } while (taken > 0 && performance.now() < untilMs);
  http.off('connection', take);
}
