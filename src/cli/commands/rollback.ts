import { AppError } from '../../core/errors.ts';
import { CHAMPION } from '../../tracking/index.ts';
import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { renderJson } from '../render.ts';
import { nameCliUser, readConfig, withServices } from '../services.ts';

export const rollbackCommand = defineCommand({
  name: 'rollback',
  more: 'Servers follow at once, and the move is recorded.',
  usage: '--reason TEXT [--json]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    reason: { type: 'string', value: 'TEXT', about: 'why, for the history' },
    json: { type: 'boolean', about: 'as JSON' },
  },
  run: async ({ options, terminal }) => {
    const reason = options.reason?.trim() ?? '';
    if (reason === '')
      throw new AppError('invalid-input', 'copyloop rollback needs --reason TEXT: the history keeps it');
    const { config } = readConfig(options);
    const { name } = config.model;
    await withServices(config, { role: 'cli' }, async ({ tracking, noteChange }) => {
      const version = await tracking.registry.rollbackAlias(name, CHAMPION, {
        movedBy: nameCliUser(),
        reason,
      });
      await noteChange('rollback', `${name}/${version.version}`, { reason });
      terminal.print(
        options.json === true
          ? renderJson(version)
          : `version ${version.version} of ${name} is the champion again`,
      );
    });
  },
});
