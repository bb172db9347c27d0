/**
 * A process that delivers webhooks until it is killed: DATABASE_URL and the settings of the test come as
 * arguments.
 */
import { systemClock } from '../../src/core/clock.ts';
import type { Config } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase } from '../../src/db/index.ts';
import { openWebhookDelivery } from '../../src/tracking/index.ts';

const [databaseUrl = '', settings = ''] = process.argv.slice(2);
const log = createSilentLogger();
const database = await openDatabase({ databaseUrl, varDir: '', poolSize: 2, log });
await openWebhookDelivery({
  db: database.db,
  databaseUrl,
  config: JSON.parse(settings) as Pick<Config, 'webhooks' | 'outbound'>,
  clock: systemClock,
  log,
});
