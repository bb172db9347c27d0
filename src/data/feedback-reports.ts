/**
 * Reports as the tools that show texts write them: recognised by their columns as catalogues are, their rows
 * brought under the names that a report of ours has. A row names its text by a text id, wherever the tool
 * keeps it: in utm_content, in the ad's name, in the address that the ad leads to.
 */
import { AppError } from '../core/errors.ts';
import type { SourceRow, SourceTable } from './format/table.ts';
import { openRecords } from './reading/read-records.ts';
import type { ReadRow } from './reading/read-row.ts';
import { toText } from './reading/lookup.ts';
import { recognise } from './platform/recognise.ts';

/** A text id inside other text. */
const TEXT_ID =
  /(?<![0-9a-f])[0-9a-f]{32}\.[a-z][a-z0-9_]{0,60}(?:\.[a-z][a-z0-9_]{0,60})?\.(?:0|[1-9]\d{0,3})(?!\d)/u;
/** Texts of a report that are summed before they are stored. */
const MAX_TEXTS = 500_000;

/** Whether a tool wrote the table whose columns these are. */
export function isToolReport({ columns, layout }: SourceTable): boolean {
  const found = columns === undefined ? undefined : recognise(columns, layout);
  return found?.isPlatform === true && found.platform.kind === 'feedback';
}

interface Sum {
  line: number;
  impressions: number;
  clicks: number;
  conversions: number;
}

/**
 * Rows of `text_id`, `day`, `impressions`, `clicks` and `conversions`, one a text and day: a tool breaks its
 * report down by more, such as ad groups and devices.
 * @param day of rows that name none
 * @throws AppError `bad-data` for a report of more texts than can be summed, and as reading does
 */
export async function* readToolReport(
  table: SourceTable,
  day: string | undefined,
): AsyncGenerator<SourceRow> {
  const all = { ...table, read: () => table.read() };
  const { rows } = await openRecords(all, { map: {}, label: null, uses: ['id', 'title', 'timestamp'] });
  const sums = new Map<string, Sum>();
  for await (const row of rows) {
    if ('ignored' in row) continue;
    if ('fault' in row) {
      yield row;
      continue;
    }
    const textId = findTextId(row);
    const on = row.record.timestamp?.slice(0, 10) ?? day;
    if (textId === undefined || on === undefined) {
      yield { line: row.line, fault: textId === undefined ? NO_TEXT(row) : NO_DAY };
      continue;
    }
    const { impressions = 0, clicks = 0, conversions = 0 } = row.metrics ?? {};
    const key = `${textId} ${on}`;
    const sum = sums.get(key) ?? { line: row.line, impressions: 0, clicks: 0, conversions: 0 };
    sum.impressions += impressions;
    sum.clicks += clicks;
    sum.conversions += conversions;
    sums.set(key, sum);
    if (sums.size > MAX_TEXTS)
      throw new AppError(
        'bad-data',
        `the report holds more than ${MAX_TEXTS} texts and days: split it by day`,
      );
  }
  for (const [key, { line, ...counts }] of sums) {
    const [textId, on] = key.split(' ');
    // Models of attribution give parts of a conversion.
    const conversions = Math.round(counts.conversions);
    yield { line, values: { text_id: textId, day: on, ...counts, conversions } };
  }
}

type Read = Extract<ReadRow, { record: unknown }>;

function findTextId({ values }: Read): string | undefined {
  for (const value of Object.values(values)) {
    const text = toText(value).slice(0, 4000);
    const found = TEXT_ID.exec(text)?.[0];
    if (found !== undefined) return found;
  }
  return undefined;
}

const NO_TEXT = ({ record }: Read) => ({
  field: 'text_id',
  value: (record.id || record.title).slice(0, 80),
  reason: 'names no text of an answer: put its text_id into utm_content, the ad’s name or its address',
});
const NO_DAY = {
  field: 'day',
  value: '',
  reason: 'is missing: break the report down by day, or say the day of all rows (--day 2026-11-30)',
};
