import path from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { importFeedback, readDay } from '../../data/index.ts';
import { storeToldCreatives } from '../../queues/index.ts';
import { COMMON_OPTIONS, defineCommand } from '../command.ts';
import { renderJson, renderTable } from '../render.ts';
import { readConfig, withServices } from '../services.ts';

const REFUSED_SHOWN = 20;
const PROGRESS_ROWS = 100_000;

export const feedbackCommand = defineCommand({
  name: 'feedback',
  more: 'A report has one row a text, source and day: text_id (or utm_content), day, impressions, clicks, ... Exports of Google Ads, Meta ads, GA4, mail and social tools are recognised. Sent again it replaces itself.',
  usage: 'import FILE [--source NAME] [--day DAY] [--restated] [--json]',
  positionals: [
    { name: 'action', required: true, about: 'import' },
    { name: 'file', required: true, about: '.csv, .tsv, .jsonl or .json' },
  ],
  options: {
    ...COMMON_OPTIONS,
    source: {
      type: 'string',
      value: 'NAME',
      about: "who counted; default: the file's name without its ending",
    },
    day: { type: 'string', value: 'DAY', about: 'of rows that name none, as in 2026-11-30' },
    restated: { type: 'boolean', about: 'counts may be less than what was told before' },
    json: { type: 'boolean', about: 'as JSON' },
  },
  examples: [
    'copyloop feedback import report.csv',
    'copyloop feedback import ga4.csv --source ga4 --restated',
  ],
  run: async ({ options, positionals: [action, file = ''], terminal, signal }) => {
    if (action !== 'import')
      throw new AppError('invalid-input', `copyloop feedback knows import, not ${JSON.stringify(action)}`);
    const { config } = readConfig(options);
    const result = await withServices(
      config,
      { role: 'cli' },
      async ({ database, artifacts, noteChange }) => {
        const imported = await importFeedback(
          database.db,
          { kind: 'file', path: file },
          {
            source: options.source ?? path.parse(file).name,
            isRestated: options.restated === true,
            day: parseDay(options.day),
            now: systemClock.now(),
            signal,
            prepare: (predictionIds) => storeToldCreatives({ db: database.db, artifacts }, predictionIds),
            onProgress: (rows) => {
              if (rows % PROGRESS_ROWS === 0) terminal.note(`${rows} rows`);
            },
          },
        );
        await noteChange('feedback import', path.basename(file), { rows: imported.rows, new: imported.new });
        return imported;
      },
    );
    const { refusedRows, reasons, ...counts } = result;
    if (options.json === true) {
      terminal.print(renderJson({ ...counts, refusedRows }));
      return;
    }
    terminal.print(
      `${counts.rows} rows: ${counts.new} new, ${counts.replaced} replaced, ${counts.unchanged} as before, ${counts.refused} refused`,
    );
    if (counts.refused === 0) return;
    for (const reason of reasons) terminal.note(reason);
    terminal.print(
      renderTable(
        ['LINE', 'FIELD', 'VALUE', 'REASON'],
        refusedRows.slice(0, REFUSED_SHOWN).map((row) => [row.line, row.field, row.value, row.reason]),
      ),
    );
  },
});

function parseDay(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const day = readDay(text);
  if (day !== undefined) return day;
  throw new AppError('invalid-input', `--day is "${text}": a day is needed, as in 2026-11-30`);
}
