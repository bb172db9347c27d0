import { listConfig, loadConfig } from '../../core/config/index.ts';
import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { renderJson, renderTable } from '../render.ts';

export const configCommand = defineCommand({
  name: 'config',
  more: 'Secrets are masked.',
  usage: '[--json]',
  positionals: [],
  options: { ...COMMON_OPTIONS, json: { type: 'boolean', about: 'as JSON' } },
  run: async ({ options, terminal }) => {
    const lines = listConfig(
      loadConfig({ file: options.config, overrides: { 'storage.varDir': options.var } }),
    );
    terminal.print(
      options.json === true
        ? renderJson(lines)
        : renderTable(
            ['KEY', 'VALUE', 'ORIGIN'],
            lines.map(({ key, value, origin }) => [key, JSON.stringify(value), origin]),
          ),
    );
  },
});
