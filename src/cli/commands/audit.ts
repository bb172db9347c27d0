import { listAudit, readAudit, verifyAudit, type AuditEntry, type AuditFilter } from '../../audit/index.ts';
import { AppError } from '../../core/errors.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole, type OptionValues } from '../command.ts';
import { renderJson, renderTable } from '../render.ts';
import { readConfig, withServices } from '../services.ts';

const FILTER_OPTIONS = {
  actor: { type: 'string', value: 'TEXT', about: 'only by whom: a part of the name' },
  action: { type: 'string', value: 'TEXT', about: 'only what: a part of it, as "rollback"' },
  object: { type: 'string', value: 'TEXT', about: 'only to what: a part of it, as a key id' },
  since: { type: 'string', value: 'TIME', about: 'only from then on, as 2026-11-01 or 2026-11-01T12:00:00Z' },
  until: { type: 'string', value: 'TIME', about: 'only before' },
} as const;

export const auditCommand = defineCommand({
  name: 'audit',
  more: 'Entries are chained by their hashes. Exit code of verify: 0 whole, 8 not.',
  usage: '[list | verify [--head HASH] | export] [--actor TEXT] [--since TIME] [--limit N] [--json]',
  positionals: [{ name: 'action', required: false, about: 'list (default), verify, or export: JSON lines' }],
  options: {
    ...COMMON_OPTIONS,
    ...FILTER_OPTIONS,
    limit: { type: 'string', value: 'N', about: 'list: how many of the newest (default: 50)' },
    head: {
      type: 'string',
      value: 'HASH',
      about: 'verify: a hash that was the newest once and must be there',
    },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: ['copyloop audit --object k3v9qa1b', 'copyloop audit export --since 2026-11-01 > audit.jsonl'],
  run: async ({ options, positionals: [action = 'list'], terminal }) => {
    const { config } = readConfig(options);
    const filter = parseFilter(options);
    const limit = parseWhole('limit', options.limit, { min: 1, max: 10_000 }) ?? 50;
    await withServices(config, { role: 'cli' }, async ({ database: { db } }) => {
      switch (action) {
        case 'list': {
          const entries = await listAudit(db, { ...filter, limit });
          terminal.print(options.json === true ? renderJson(entries.map(toJson)) : renderEntries(entries));
          return;
        }
        case 'export':
          for await (const entry of readAudit(db, filter)) terminal.print(JSON.stringify(toJson(entry)));
          return;
        case 'verify': {
          const found = await verifyAudit(db, options.head);
          if (options.json === true) terminal.print(renderJson(found));
          if (found.faults.length > 0)
            throw new AppError('bad-data', `the audit log is not whole: ${found.faults.join('; ')}`);
          if (options.json !== true)
            terminal.print(
              found.head === null
                ? 'the audit log is empty'
                : `the audit log is whole: ${found.entries} entries, the newest is ${found.head.number} with hash ${found.head.hash}`,
            );
          return;
        }
        default:
          throw new AppError(
            'invalid-input',
            `there is no action "${action}"; the actions are list, verify and export`,
          );
      }
    });
  },
});

function parseFilter(options: OptionValues<typeof FILTER_OPTIONS>): AuditFilter {
  const { actor, action, object } = options;
  return {
    actor,
    action,
    object,
    since: parseDate('since', options.since),
    until: parseDate('until', options.until),
  };
}

function parseDate(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new AppError(
      'invalid-input',
      `--${name} is "${text}": a time such as 2026-11-01 or 2026-11-01T12:00:00Z is needed`,
    );
  return date;
}

function toJson({ details, ...entry }: AuditEntry): Record<string, unknown> {
  return { ...entry, details: JSON.parse(details) as unknown };
}

function renderEntries(entries: readonly AuditEntry[]): string {
  return renderTable(
    ['NUMBER', 'WHEN', 'WHO', 'WHAT', 'OBJECT', 'OUTCOME'],
    entries.map(({ number, at, actor, action, object, outcome }) => [
      number,
      at.toISOString(),
      actor,
      action,
      object,
      outcome,
    ]),
  );
}
