import { AppError } from '../../core/errors.ts';
import { approveVersion, rejectVersion } from '../../tracking/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { renderJson } from '../render.ts';
import { nameCliUser, readConfig, withServices, type SharedOptions } from '../services.ts';

const OPTIONS = {
  ...COMMON_OPTIONS,
  reason: { type: 'string', value: 'TEXT', about: 'why, for the history' },
  json: { type: 'boolean', about: 'as JSON' },
} as const;
const POSITIONALS = [{ name: 'version', required: true, about: 'number of the version' }];

export const approveCommand = defineCommand({
  name: 'approve',
  more: 'Where gate.approval asks for a person.',
  usage: '<version> [--reason TEXT] [--json]',
  positionals: POSITIONALS,
  options: OPTIONS,
  run: async ({ options, positionals: [number], terminal }) => {
    const version = await decide(approveVersion, options, number, options.reason ?? 'on the command line');
    terminal.print(
      options.json === true
        ? renderJson(version)
        : `version ${version.version} of ${version.name} is the champion`,
    );
  },
});

export const rejectCommand = defineCommand({
  name: 'reject',
  usage: '<version> --reason TEXT [--json]',
  positionals: POSITIONALS,
  options: OPTIONS,
  run: async ({ options, positionals: [number], terminal }) => {
    const reason = options.reason?.trim() ?? '';
    if (reason === '')
      throw new AppError('invalid-input', 'copyloop reject needs --reason TEXT: the history keeps it');
    const version = await decide(rejectVersion, options, number, reason);
    terminal.print(
      options.json === true
        ? renderJson(version)
        : `version ${version.version} of ${version.name} is rejected`,
    );
  },
});

async function decide(
  decision: typeof approveVersion,
  options: SharedOptions,
  number: string | undefined,
  reason: string,
) {
  const version = parseWhole('version', number, { min: 1, max: 2 ** 31 - 1 }) ?? 0;
  const { config } = readConfig(options);
  return await withServices(config, { role: 'cli' }, async ({ database, tracking, noteChange }) => {
    const desk = { locks: database.locks, registry: tracking.registry };
    const made = await decision(desk, { name: config.model.name, version }, { by: nameCliUser(), reason });
    await noteChange(decision === approveVersion ? 'approve' : 'reject', `${config.model.name}/${version}`, {
      reason,
    });
    return made;
  });
}
