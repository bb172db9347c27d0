import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { clientOf, SERVER_OPTIONS } from '../running-server.ts';
import { readConfig } from '../services.ts';
import { renderJson } from '../render.ts';

export const healthCommand = defineCommand({
  name: 'health',
  about:
    'Asks a running server whether it is alive; ends with 0 when it is (the health check of the container).',
  usage: '[--ready] [--url URL]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    ...SERVER_OPTIONS,
    ready: { type: 'boolean', about: 'whether it can predict, too' },
  },
  run: async ({ options, terminal }) => {
    const { config } = readConfig(options);
    const client = clientOf(config, options);
    terminal.print(renderJson(options.ready === true ? await client.ready() : await client.health()));
  },
});
