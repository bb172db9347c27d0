import { AppError } from '../../core/errors.ts';
import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { renderJson } from '../render.ts';
import { addressOf, requestJson, SERVER_OPTIONS } from '../running-server.ts';
import { readConfig } from '../services.ts';

export const predictCommand = defineCommand({
  name: 'predict',
  about: 'Asks a running server for the creative of one product.',
  usage: '--title TEXT --description TEXT [--channel NAME]... [--url URL]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    ...SERVER_OPTIONS,
    title: { type: 'string', about: 'title of the product' },
    description: { type: 'string', about: 'its description' },
    channel: { type: 'string', multiple: true, value: 'NAME', about: 'also write for this channel' },
  },
  examples: ['copyloop predict --title "Yoga Mat" --description "Grips well and rolls up small."'],
  run: async ({ options, terminal }) => {
    const { config } = readConfig(options);
    if (options.title === undefined || options.description === undefined) {
      throw new AppError('invalid-input', 'copyloop predict needs --title and --description');
    }
    const body = { title: options.title, description: options.description, channels: options.channel };
    terminal.print(renderJson(await requestJson(addressOf(config, options), '/predict', body)));
  },
});
