import { readFile } from 'node:fs/promises';
import { DAY_MS, HOUR_MS, MINUTE_MS, systemClock } from '../../core/clock.ts';
import { AppError, toError } from '../../core/errors.ts';
import { KEY_ROLES, type KeyRole } from '../../db/index.ts';
import { createApiKey, keepApiKey, listApiKeys, revokeApiKey, rotateApiKey } from '../../server/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { renderJson, renderTable } from '../render.ts';
import { readConfig, withServices } from '../services.ts';

const UNITS_MS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
const DEFAULT_GRACE = '24h';

export const keysCommand = defineCommand({
  name: 'keys',
  more: 'A key is shown once; the database holds only its hash.',
  usage:
    '[list | create --name NAME [--role ROLE] [--from-file FILE] [--expires-in TIME] [--per-minute N] | rotate <id> [--grace TIME] | revoke <id>] [--json]',
  positionals: [
    { name: 'action', required: false, about: 'list (default), create, rotate or revoke' },
    { name: 'id', required: false, about: 'the key to rotate or revoke' },
  ],
  options: {
    ...COMMON_OPTIONS,
    name: { type: 'string', value: 'NAME', about: 'whose key it is' },
    role: {
      type: 'string',
      value: 'ROLE',
      about: 'reader (default): reads and predicts; writer: changes; admin: decides which model answers',
    },
    'from-file': {
      type: 'string',
      value: 'FILE',
      about: 'create: the key in this file instead of a new one; nothing happens where it is known',
    },
    'expires-in': {
      type: 'string',
      value: 'TIME',
      about: 'after which it ends: 90d, 12h, 30m (default: never; rotate: as long as the old key had)',
    },
    'per-minute': {
      type: 'string',
      value: 'N',
      about: 'requests a minute (default: server.requestsPerMinute)',
    },
    grace: {
      type: 'string',
      value: 'TIME',
      about: `rotate: for which the old key goes on beside the new one (default: ${DEFAULT_GRACE})`,
    },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: [
    'copyloop keys create --name ci --role writer --expires-in 90d',
    'copyloop keys rotate k3v9qa1b',
  ],
  run: async ({ options, positionals, terminal }) => {
    const [action = 'list', id] = positionals;
    const { config } = readConfig(options);
    const fromNow = (name: string, text: string, min = 0): Date =>
      new Date(systemClock.nowMs() + parseTime(name, text, min));
    const expiresIn = options['expires-in'];
    const expiresAt = expiresIn === undefined ? undefined : fromNow('expires-in', expiresIn, 1);
    const show = (created: { id: string; key: string }, role: string): void => {
      terminal.note(`${role} key ${created.id}: keep it now, it is not shown again`);
      terminal.print(options.json === true ? renderJson(created) : created.key);
    };
    await withServices(config, { role: 'cli' }, async ({ database: { db }, noteChange }) => {
      switch (action) {
        case 'list': {
          const keys = await listApiKeys(db);
          const rows = keys.map((key) => [
            key.id,
            key.name,
            key.role,
            key.createdAt.toISOString(),
            key.lastUsedAt?.toISOString(),
            key.expiresAt?.toISOString(),
            key.revokedAt?.toISOString(),
            key.requestsPerMinute,
          ]);
          const headers = ['ID', 'NAME', 'ROLE', 'CREATED', 'LAST USED', 'EXPIRES', 'REVOKED', 'PER MINUTE'];
          terminal.print(options.json === true ? renderJson(keys) : renderTable(headers, rows));
          return;
        }
        case 'create': {
          const { name } = options;
          if (name === undefined)
            throw new AppError('invalid-input', 'copyloop keys create needs --name NAME');
          const role = parseRole(options.role);
          const requestsPerMinute =
            parseWhole('per-minute', options['per-minute'], { min: 1, max: 2 ** 31 - 1 }) ?? null;
          const wanted = { name, role, expiresAt: expiresAt ?? null, requestsPerMinute };
          const file = options['from-file'];
          if (file === undefined) {
            const created = await createApiKey(db, wanted);
            await noteChange('keys create', created.id, wanted);
            show(created, role);
            return;
          }
          const kept = await keepApiKey(db, await readKeyFile(file), wanted);
          if (kept.isNew) await noteChange('keys create', kept.id, wanted);
          terminal.print(options.json === true ? renderJson(kept) : describeKept(kept, role));
          return;
        }
        case 'rotate': {
          const old = required(action, id);
          const until = fromNow('grace', options.grace ?? DEFAULT_GRACE);
          const { oldEndsAt, ...created } = await rotateApiKey(db, old, until, expiresAt);
          await noteChange('keys rotate', old, { replacedBy: created.id, until: oldEndsAt });
          terminal.note(`key ${old} ends at ${oldEndsAt.toISOString()}`);
          show(created, 'new');
          return;
        }
        case 'revoke': {
          const old = required(action, id);
          await revokeApiKey(db, old);
          await noteChange('keys revoke', old);
          terminal.print(`key ${old} is revoked`);
          return;
        }
        default:
          throw new AppError(
            'invalid-input',
            `there is no action "${action}"; the actions are list, create, rotate and revoke`,
          );
      }
    });
  },
});

function describeKept(
  { id, isNew, isInForce }: Awaited<ReturnType<typeof keepApiKey>>,
  role: KeyRole,
): string {
  if (isNew) return `${role} key ${id} is in force`;
  return `key ${id} is known${isInForce ? '' : ', and no longer in force: make a new one'}`;
}

async function readKeyFile(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new AppError('invalid-input', `--from-file ${file} cannot be read: ${toError(cause).message}`, {
      cause,
    });
  }
}

function required(action: string, id: string | undefined): string {
  if (id === undefined)
    throw new AppError('invalid-input', `copyloop keys ${action} needs the id of the key`);
  return id;
}

function parseTime(name: string, text: string, min: number): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit];
  if (unitMs === undefined || Number(count) < min)
    throw new AppError('invalid-input', `--${name} is "${text}": a time such as 90d, 12h or 30m is needed`);
  return Number(count) * unitMs;
}

function parseRole(text = 'reader'): KeyRole {
  const role = KEY_ROLES.find((one) => one === text);
  if (role === undefined)
    throw new AppError('invalid-input', `--role is "${text}": one of ${KEY_ROLES.join(', ')} is needed`);
  return role;
}
