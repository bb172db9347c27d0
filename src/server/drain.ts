/**
 * How a server leaves while it is being asked: balancers hear of it first (`/ready` answers 503 and, for
 * `delayMs`, every answer says `Connection: close`), then whoever waits at the listener is taken and the
 * listener closes, and a connection is closed only once it is idle, so that no answer on its way is cut off.
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
/**
 * Where callers come without end, a turn that found none is looked for from then on, for as long again; and
 * no longer than half the grace in all.
 */
const TAKE_WAITING_MS = 5 * SECOND_MS;
/** The listener closes once nobody has come for so long and so many turns of the event loop. */
const QUIET_MS = 50;
const QUIET_TURNS = 3;

/**
 * @param options.delayMs new connections are still taken for so long, until balancers have seen that the
 *   server is not ready
 * @param options.graceMs what is open after so long from then on is cut, and counted in the log; those who
 *   wait at the listener are taken in this time too
 * @param options.onClosed nobody comes any more: ends answers that have no end of their own
 */
export function createDrain(
  http: HttpServer,
  options: { delayMs: number; graceMs: number; onClosed: () => void; log: Logger },
): Drain {
  const { delayMs, graceMs, onClosed, log } = options;
  const answering = new Set<ServerResponse>();
  let isDraining = false;
  let isSendingAway = false;
  http.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    if (isSendingAway) response.shouldKeepAlive = false;
    answering.add(response);
    response.once('close', () => answering.delete(response));
  });

  const sendAway = (): void => {
    isSendingAway = true;
    for (const response of answering) if (!response.headersSent) response.shouldKeepAlive = false;
  };

  return {
    get isDraining() {
      return isDraining;
    },
    run: async () => {
      const startedMs = performance.now();
      isDraining = true;
      log.info({ answering: answering.size, delayMs, graceMs }, 'the server drains');
      if (delayMs > 0) {
        sendAway();
        await sleep(delayMs);
      }
      // Who is sent away comes back at once where there is no other server, and one of them would be at the
      // listener whenever it closes: until then connections are kept.
      isSendingAway = false;
      const takingMs = performance.now();
      await takeWaitingConnections(http, Math.min(TAKE_WAITING_MS, graceMs / 4));
      const leftMs = Math.max(0, graceMs - (performance.now() - takingMs));
      // `close` of an HTTP server cuts idle connections at once, and with them requests that are on their way
      // to it.
      const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(http, () => resolve()));
      sendAway();
      onClosed();
      // Timers come before what has arrived is read: on a busy machine a connection whose request waits there
      // looks idle.
      const closeIdle = (): void => void setImmediate(() => http.closeIdleConnections());
      const idle = setTimeout(
        () => {
          closeIdle();
          closing = setInterval(closeIdle, CLOSE_IDLE_EVERY_MS);
        },
        Math.min(IDLE_GRACE_MS, leftMs),
      );
      let closing: NodeJS.Timeout | undefined;
      let cut = 0;
      const cutting = setTimeout(() => {
        cut = answering.size;
        http.closeAllConnections();
      }, leftMs);
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
 * Resolves just after a turn of the event loop that found no connection at the listener, when it has been
 * quiet there: what waits at one that closes is reset, and a turn takes only one of those that wait.
 */
async function takeWaitingConnections(http: HttpServer, patienceMs: number): Promise<void> {
  const startedMs = performance.now();
  let quietSinceMs = startedMs;
  let quietTurns = 0;
  const take = (): void => {
    quietSinceMs = performance.now();
    quietTurns = 0;
  };
  http.on('connection', take);
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    quietTurns += 1;
    const nowMs = performance.now();
    if (quietTurns > QUIET_TURNS && nowMs - quietSinceMs >= QUIET_MS) break;
    const lateMs = nowMs - startedMs - patienceMs;
    if (lateMs >= patienceMs || (lateMs >= 0 && quietTurns > 1)) break;
  }
  http.off('connection', take);
}
