import { AppError } from '../../core/errors.ts';
import {
  diffVersions,
  getDatasetVersion,
  listDatasetVersions,
  ROW_CHANGES,
  type DatasetVersion,
  type VersionDiff,
} from '../../data/index.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';
import { renderJson, renderTable } from '../render.ts';
import { readConfig, withServices } from '../services.ts';

export const datasetsCommand = defineCommand({
  name: 'datasets',
  more: 'Newest first; one version is shown with its checks; "diff A B" says what B has that A has not.',
  usage: '[<version> | diff <a> <b>] [--limit N] [--json]',
  positionals: [
    { name: 'version', required: false, about: 'number of a version, or "diff"' },
    { name: 'a', required: false, about: 'the earlier version of a diff' },
    { name: 'b', required: false, about: 'the later one' },
  ],
  options: {
    ...COMMON_OPTIONS,
    limit: { type: 'string', value: 'N', about: 'how many (default: 20)' },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: ['copyloop datasets diff 3 4'],
  run: async ({ options, positionals, terminal, signal }) => {
    const { config } = readConfig(options);
    const [what, a, b] = positionals;
    const limit = parseWhole('limit', options.limit, { min: 1, max: 1000 }) ?? 20;
    await withServices(config, { role: 'cli' }, async (services) => {
      const { db } = services.database;
      const print = (value: unknown, text: () => string): void =>
        terminal.print(options.json === true ? renderJson(value) : text());
      const find = (number: string | undefined): Promise<DatasetVersion> =>
        getDatasetVersion(db, parseVersion(number));
      if (what === undefined) {
        const versions = await listDatasetVersions(db, { limit });
        print(versions, () => renderVersions(versions));
      } else if (what === 'diff') {
        const [before, now] = [await find(a), await find(b)];
        const diff = await diffVersions(services.artifacts, before, now, config.data.drift, signal);
        print(diff, () => renderDiff(diff));
      } else {
        const version = await find(what);
        print(version, () => renderVersion(version));
      }
    });
  },
});

function parseVersion(text: string | undefined): number {
  if (text !== undefined && /^[1-9]\d{0,8}$/u.test(text)) return Number(text);
  throw new AppError(
    'invalid-input',
    `${text === undefined ? 'a version is missing' : `"${text}" is not the number of a version`}: "copyloop datasets" lists them, "copyloop datasets diff 3 4" compares two`,
  );
}

function renderVersions(versions: readonly DatasetVersion[]): string {
  return renderTable(
    ['version', 'rows', 'run', 'made', 'checks'],
    versions.map(({ version, rows, runId, createdAt, manifest }) => [
      String(version),
      String(rows),
      runId,
      createdAt.toISOString(),
      manifest.checks
        .filter(({ passed }) => !passed)
        .map(({ name }) => name)
        .join(', ') || 'passed',
    ]),
  );
}

function renderVersion({ version, rows, digest, manifest }: DatasetVersion): string {
  const lines = manifest.checks.map(({ name, severity, found, rows: looked, passed, examples }) => [
    name,
    passed ? 'passed' : severity,
    `${found} of ${looked}`,
    examples[0] === undefined ? '' : `${examples[0].title.slice(0, 40)}: ${examples[0].detail}`,
  ]);
  return [
    `version ${version}: ${rows} rows, digest ${digest.slice(0, 12)}, ${manifest.setAside} set aside`,
    renderTable(['check', 'result', 'found', 'such as'], lines),
  ].join('\n');
}

function renderDiff({ same, rows, examples, distribution }: VersionDiff): string {
  const counts = ROW_CHANGES.map((change) => `${rows[change]} ${change}`).join(', ');
  const shown = examples.map(({ change, split, label, before, title }) => [
    change,
    before === null ? `${split} ${label}` : `${before.split} ${before.label} -> ${split} ${label}`,
    title.slice(0, 60),
  ]);
  const features = distribution.features.map(({ feature, psi, noise, verdict }) => [
    feature,
    (psi - noise).toFixed(3),
    verdict,
  ]);
  return [
    `${same} rows are the same, ${counts}`,
    ...(shown.length === 0 ? [] : [renderTable(['change', 'where', 'title'], shown)]),
    renderTable(['feature', 'psi', 'drift'], features),
  ].join('\n');
}
