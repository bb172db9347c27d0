import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { renderJson } from '../render.ts';
import { openQueues, readConfig, withServices } from '../services.ts';

export const migrateCommand = defineCommand({
  name: 'migrate',
  more: 'Once per upgrade, before processes that have storage.migrate: never. Does nothing the second time.',
  usage: '[--json]',
  positionals: [],
  options: { ...COMMON_OPTIONS, json: { type: 'boolean', about: 'as JSON' } },
  run: async ({ options, terminal }) => {
    const { config } = readConfig(options, { 'storage.migrate': 'auto' });
    await withServices(config, { role: 'cli' }, async (services) => {
      await openQueues(services);
      const { migrated } = services.database;
      if (options.json === true) terminal.print(renderJson({ applied: migrated }));
      else if (migrated.length === 0) terminal.print('the schema is up to date');
      else terminal.print(`applied ${migrated.join(', ')}`);
    });
  },
});
