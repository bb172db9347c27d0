import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { addressOf, requestJson, SERVER_OPTIONS } from '../running-server.ts';
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
    terminal.print(
      renderJson(
        await requestJson(addressOf(config, options), options.ready === true ? '/ready' : '/health'),
      ),
    );
  },
});
