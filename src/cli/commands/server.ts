import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { addServer, addWebhookDelivery, untilStopped } from '../processes.ts';
import { openQueues, readConfig, withServices } from '../services.ts';

export const serverCommand = defineCommand({
  name: 'server',
  usage: '[--port N]',
  positionals: [],
  options: { ...COMMON_OPTIONS, port: { type: 'string', value: 'N', about: 'port (default: 8080)' } },
  run: async ({ options, terminal, signal }) => {
    const { config, origins } = readConfig(options, {
      'server.port': parseWhole('port', options.port, { min: 0, max: 65_535 }),
    });
    await withServices(config, { role: 'server', logTo: 'stderr' }, async (services) => {
      await addWebhookDelivery(services);
      const server = await addServer(services, await openQueues(services), origins);
      terminal.print(server.url);
      await untilStopped(signal);
    });
  },
});
