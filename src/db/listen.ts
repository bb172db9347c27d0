/** LISTEN on a connection of its own that comes back by itself when it is lost. */
import { Client } from 'pg';
import { sleep } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';

export interface Listener {
  close(): Promise<void>;
}

/**
 * Calls `onNotify` for every NOTIFY on `channel`, and once after each (re)connection, since notices sent
 * meanwhile are lost. Delivery is best effort: pair it with polling.
 */
export async function openListener(options: {
  url: string;
  channel: string;
  log: Logger;
  onNotify: (payload: string) => void;
  retryMs?: number;
}): Promise<Listener> {
  const { url, channel, log, onNotify, retryMs = 1000 } = options;
  const stopping = new AbortController();
  let client: Client | undefined;

  const listenUntilLost = async (): Promise<void> => {
    const fresh = new Client({ connectionString: url, application_name: `copyloop listen ${channel}` });
    const lost = new Promise<void>((resolve) => {
      fresh.on('error', () => resolve());
      fresh.on('end', () => resolve());
    });
    fresh.on('notification', (notice) => onNotify(notice.payload ?? ''));
    client = fresh;
    const listen = async (): Promise<void> => {
      await fresh.connect();
      await fresh.query(`LISTEN ${fresh.escapeIdentifier(channel)}`);
      onNotify('');
      await lost;
    };
    // A client that is ended while it connects never settles `connect()`.
    await Promise.race([listen(), lost]);
  };

  const keepListening = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await listenUntilLost();
      } catch (error) {
        log.debug({ err: error, channel }, 'LISTEN could not connect');
      }
      await client?.end().catch(() => undefined);
      await sleep(retryMs, stopping.signal).catch(() => undefined);
    }
  };
  const running = keepListening();

  return {
    close: async () => {
      stopping.abort();
      await client?.end().catch(() => undefined);
      await running;
    },
  };
}
