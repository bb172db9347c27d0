import {
  createBackup,
  keepNewest,
  openBackupPlace,
  openSeal,
  prepareBackupFolder,
  restoreBackup,
  verifyBackup,
  type Manifest,
  type Progress,
} from '../../backup/index.ts';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { createArtifactStore } from '../../tracking/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole, type Terminal } from '../command.ts';
import { renderDuration, renderJson } from '../render.ts';
import { readConfig, withServices } from '../services.ts';

const PROGRESS_MS = 1000;
const FROM_OPTIONS = {
  from: {
    type: 'string',
    value: 'PLACE',
    about: 'folder or s3://bucket/prefix that backups were written to',
  },
  id: { type: 'string', value: 'ID', about: 'which backup (default: the newest)' },
  'key-file': { type: 'string', value: 'FILE', about: 'the key of an encrypted backup' },
  json: { type: 'boolean', about: 'as JSON' },
} as const;

export const backupCommand = defineCommand({
  name: 'backup',
  more: 'The installation goes on working. Content that the place holds already is not written again.',
  usage: '--out PLACE [--key-file FILE] [--keep N] [--json]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    out: { type: 'string', value: 'PLACE', about: 'folder or s3://bucket/prefix, the same each time' },
    'key-file': {
      type: 'string',
      value: 'FILE',
      about: 'encrypt with the 32 bytes in this file ("openssl rand -base64 32 > FILE" makes one)',
    },
    keep: { type: 'string', value: 'N', about: 'then delete all but the newest N backups there' },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: ['copyloop backup --out /backups --keep 14', 'copyloop backup --out s3://backups/copyloop'],
  run: async ({ options, terminal, signal }) => {
    const address = required('backup', 'out', options.out);
    const keep = parseWhole('keep', options.keep, { min: 1, max: 10_000 });
    const seal = await openSeal(options['key-file']);
    await prepareBackupFolder(address);
    const { config } = readConfig(options);
    const startedMs = systemClock.nowMs();
    // A backup before an upgrade is of the schema that is there.
    await withServices(config, { role: 'cli', migrate: 'later' }, async ({ database }) => {
      const place = openBackupPlace(address, config.storage);
      const source = { databaseUrl: database.url, artifacts: createArtifactStore(config.storage) };
      const onWait = (): void => terminal.note('waiting for another backup of this installation to end');
      const { manifest, bytes, newBytes } = await createBackup(source, {
        place,
        seal,
        clock: systemClock,
        onProgress: followProgress(terminal),
        signal,
        onWait,
      });
      const deleted =
        keep === undefined ? [] : await keepNewest(source, { place, seal, signal, onWait }, keep);
      if (manifest.gone.length > 0)
        terminal.note(
          `${manifest.gone.length} artifacts were deleted meanwhile and are not in it: ${manifest.gone.slice(0, 5).join(', ')}`,
        );
      if (deleted.length > 0) terminal.note(`deleted older backups: ${deleted.join(', ')}`);
      terminal.note(`done in ${renderDuration(systemClock.nowMs() - startedMs)}`);
      const found = { ...summaryOf(manifest), bytes, newBytes, gone: manifest.gone, deleted };
      terminal.print(
        options.json === true
          ? renderJson(found)
          : `backup ${manifest.id}: ${renderSummary(manifest)}, ${bytes} bytes, of which ${newBytes} written now`,
      );
    });
  },
});

export const verifyBackupCommand = defineCommand({
  name: 'verify-backup',
  more: 'Reads every byte of it and compares with its hashes. Exit code 0: whole; 8: not.',
  usage: '--from PLACE [--id ID] [--key-file FILE] [--json]',
  positionals: [],
  options: { ...COMMON_OPTIONS, ...FROM_OPTIONS },
  examples: ['copyloop verify-backup --from /backups'],
  run: async ({ options, terminal, signal }) => {
    const address = required('verify-backup', 'from', options.from);
    const seal = await openSeal(options['key-file']);
    const { config } = readConfig(options);
    const place = openBackupPlace(address, config.storage);
    const { manifest, faults, rows, bytes } = await verifyBackup({
      place,
      seal,
      id: options.id,
      onProgress: followProgress(terminal),
      signal,
    });
    const found = { ...summaryOf(manifest), rows, bytes, faults };
    if (options.json === true) terminal.print(renderJson(found));
    if (faults.length > 0)
      throw new AppError('bad-data', `backup ${manifest.id} is not whole: ${faults.join('; ')}`);
    if (options.json !== true)
      terminal.print(`backup ${manifest.id} is whole: ${renderSummary(manifest)}, ${bytes} bytes`);
  },
});

export const restoreCommand = defineCommand({
  name: 'restore',
  more: 'Nothing may run on the installation meanwhile. One that was broken off is started again.',
  usage: '--from PLACE [--id ID] [--key-file FILE] [--json]',
  positionals: [],
  options: { ...COMMON_OPTIONS, ...FROM_OPTIONS },
  examples: ['copyloop restore --from /backups --var new-var'],
  run: async ({ options, terminal, signal }) => {
    const address = required('restore', 'from', options.from);
    const seal = await openSeal(options['key-file']);
    const { config } = readConfig(options);
    await withServices(config, { role: 'cli', migrate: 'later' }, async ({ database }) => {
      const manifest = await restoreBackup(
        { databaseUrl: database.url, artifacts: createArtifactStore(config.storage) },
        {
          place: openBackupPlace(address, config.storage),
          seal,
          id: options.id,
          onProgress: followProgress(terminal),
          signal,
        },
      );
      terminal.print(
        options.json === true
          ? renderJson(summaryOf(manifest))
          : `backup ${manifest.id} of ${manifest.createdAt} is restored: ${renderSummary(manifest)}`,
      );
    });
  },
});

function required(command: string, option: string, value: string | undefined): string {
  if (value === undefined || value === '')
    throw new AppError(
      'invalid-input',
      `copyloop ${command} needs --${option} PLACE: a folder or s3://bucket/prefix`,
    );
  return value;
}

/** A line a second at most, and one at the end of each part. */
function followProgress(terminal: Terminal): (progress: Progress) => void {
  let lastMs = 0;
  return ({ what, name, done, total }) => {
    const nowMs = systemClock.nowMs();
    if (done < total && nowMs - lastMs < PROGRESS_MS) return;
    lastMs = nowMs;
    terminal.note(`${what} ${done} of ${total}: ${name}`);
  };
}

function summaryOf({ id, createdAt, tables, artifacts }: Manifest) {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  return { id, createdAt, tables: tables.length, rows, artifacts: artifacts.length };
}

function renderSummary(manifest: Manifest): string {
  const { tables, rows, artifacts } = summaryOf(manifest);
  return `${tables} tables with ${rows} rows, ${artifacts} artifacts`;
}
