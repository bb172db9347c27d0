import { AppError } from '../../core/errors.ts';
import { KEY_ROLES, type KeyRole } from '../../db/index.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../../server/index.ts';
import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { renderJson, renderTable } from '../render.ts';
import { readConfig, withServices } from '../services.ts';

export const keysCommand = defineCommand({
  name: 'keys',
  more: 'A key is shown once; the database holds only its hash.',
  usage: '[list | create --name NAME [--role ROLE] | revoke <id>] [--json]',
  positionals: [
    { name: 'action', required: false, about: 'list (default), create or revoke' },
    { name: 'id', required: false, about: 'the key to revoke' },
  ],
  options: {
    ...COMMON_OPTIONS,
    name: { type: 'string', value: 'NAME', about: 'whose key it is' },
    role: {
      type: 'string',
      value: 'ROLE',
      about: 'reader (default): reads and predicts; writer: changes; admin: decides which model answers',
    },
    json: { type: 'boolean', about: 'as JSON' },
  },
  run: async ({ options, positionals, terminal }) => {
    const [action = 'list', id] = positionals;
    const { config } = readConfig(options);
    await withServices(config, { role: 'cli' }, async ({ database: { db } }) => {
      switch (action) {
        case 'list': {
          const keys = await listApiKeys(db);
          const rows = keys.map((key) => [
            key.id,
            key.name,
            key.role,
            key.createdAt.toISOString(),
            key.revokedAt?.toISOString(),
          ]);
          terminal.print(
            options.json === true
              ? renderJson(keys)
              : renderTable(['ID', 'NAME', 'ROLE', 'CREATED', 'REVOKED'], rows),
          );
          return;
        }
        case 'create': {
          if (options.name === undefined)
            throw new AppError('invalid-input', 'copyloop keys create needs --name NAME');
          const role = parseRole(options.role);
          const created = await createApiKey(db, { name: options.name, role });
          terminal.note(`${role} key ${created.id}: keep it now, it is not shown again`);
          terminal.print(options.json === true ? renderJson(created) : created.key);
          return;
        }
        case 'revoke': {
          if (id === undefined)
            throw new AppError('invalid-input', 'copyloop keys revoke needs the id of the key');
          await revokeApiKey(db, id);
          terminal.print(`key ${id} is revoked`);
          return;
        }
        default:
          throw new AppError(
            'invalid-input',
            `there is no action "${action}"; the actions are list, create and revoke`,
          );
      }
    });
  },
});

function parseRole(text = 'reader'): KeyRole {
  const role = KEY_ROLES.find((one) => one === text);
  if (role === undefined)
    throw new AppError('invalid-input', `--role is "${text}": one of ${KEY_ROLES.join(', ')} is needed`);
  return role;
}
