import { systemClock } from '../../core/clock.ts';
import { createWebhookStore } from '../../tracking/index.ts';
import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { renderJson, renderTable } from '../render.ts';
import { readConfig, withServices } from '../services.ts';

const MAX_SHOWN = 100;

export const webhooksCommand = defineCommand({
  name: 'webhooks',
  more: "They are made over MLflow's protocol: see docs/mlflow.md.",
  usage: '[<id> [--retry]] [--json]',
  positionals: [{ name: 'id', required: false, about: 'the webhook whose deliveries to show' }],
  options: {
    ...COMMON_OPTIONS,
    retry: { type: 'boolean', about: 'try its dead deliveries again' },
    json: { type: 'boolean', about: 'as JSON' },
  },
  run: async ({ options, positionals: [id], terminal }) => {
    const { config } = readConfig(options);
    await withServices(config, { role: 'cli' }, async ({ database, noteChange }) => {
      const store = createWebhookStore(database.db, systemClock, config.webhooks.secretKey);
      const print = (value: unknown, table: () => string): void =>
        terminal.print(options.json === true ? renderJson(value) : table());
      if (id === undefined) {
        const { items } = await store.list({ maxResults: MAX_SHOWN });
        print(items, () =>
          renderTable(
            ['ID', 'NAME', 'STATUS', 'URL', 'EVENTS'],
            items.map((one) => [one.webhookId, one.name, one.status, one.url, one.events.join(' ')]),
          ),
        );
        return;
      }
      if (options.retry === true) {
        const retried = await store.retryDead(id);
        await noteChange('webhooks --retry', id, { retried });
        terminal.note(`${retried} dead deliveries are tried again`);
      }
      const deliveries = await store.deliveries(id, MAX_SHOWN);
      print(deliveries, () =>
        renderTable(
          ['WHEN', 'EVENT', 'STATUS', 'ATTEMPTS', 'LAST FAULT'],
          deliveries.map((one) => [
            one.createdAt.toISOString(),
            one.event,
            one.status,
            one.attempts,
            one.lastError,
          ]),
        ),
      );
    });
  },
});
