/**
 * Keeps the served models in line with the registry: told at once by NOTIFY, and by polling where no notice
 * arrives.
 */
import type { Logger } from '../../core/log.ts';
import { openListener, type Listener } from '../../db/index.ts';
import type { ServedModels } from './served-models.ts';

export async function followRegistry(options: {
  models: Pick<ServedModels, 'refresh'>;
  databaseUrl: string;
  channels: readonly string[];
  pollMs: number;
  log: Logger;
}): Promise<{ close(): Promise<void> }> {
  const { models, databaseUrl, channels, pollMs, log } = options;
  const listeners: Listener[] = [];
  for (const channel of channels) {
    listeners.push(
      await openListener({ url: databaseUrl, channel, log, onNotify: () => void models.refresh() }),
    );
  }
  const timer = setInterval(() => void models.refresh(), pollMs);
  timer.unref();
  await models.refresh();
  return {
    close: async () => {
      clearInterval(timer);
      for (const listener of listeners) await listener.close();
    },
  };
}
