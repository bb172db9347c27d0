/** A row of a dataset version, and its form in training_data.csv. */
import { parse } from 'csv-parse';
import type { Readable } from 'node:stream';
import { AppError } from '../../core/errors.ts';
import { RECORD_FIELDS, type FieldRule, type RecordField } from '../../core/config/index.ts';
import type { LabelledRecord } from '../record.ts';

export const ORIGINS = ['source', 'feedback'] as const;
export type Origin = (typeof ORIGINS)[number];

export interface DatasetRow extends LabelledRecord {
  /** How often the row counts in training, above 0. */
  weight: number;
  /** Probability that the label is 1, from 0 to 1, where evidence leaves it open. */
  target?: number;
  /** Which field of a creative the text is for; of feedback alone. */
  field?: string;
  origin: Origin;
}

const RULES = Object.entries<FieldRule>(RECORD_FIELDS) as [RecordField, FieldRule][];
const LATER = RULES.flatMap(([field, rule]) => (rule.isLater === true ? [field] : []));
const FIRST = RULES.flatMap(([field, rule]) => (rule.isLater === true ? [] : [field]));

/** Columns of every version, in their order. */
const DATASET_COLUMNS = [...FIRST, 'label', 'weight', 'origin'] as const;

/** What was added later and rows of a version hold: it has columns after the others, and nothing else has. */
export type DatasetColumns = readonly (RecordField | 'target' | 'field')[];

const later: DatasetColumns = [...LATER, 'target', 'field'];

export function createLaterFieldCollector(): { add(row: DatasetRow): void; list(): DatasetColumns } {
  const found = new Set<DatasetColumns[number]>();
  return {
    add: (row) => {
      for (const field of later) if (row[field] !== undefined) found.add(field);
    },
    list: () => later.filter((field) => found.has(field)),
  };
}

/** With a column that rows are given later than they are read. */
export function withColumn(columns: DatasetColumns, added: DatasetColumns[number]): DatasetColumns {
  return later.filter((field) => field === added || columns.includes(field));
}

/** Empty cells are fields that the source does not have; lists and pairs are JSON. */
export function createRowRenderer(later: DatasetColumns): {
  header: string;
  render: (row: DatasetRow) => string;
} {
  const columns = [...DATASET_COLUMNS, ...later] as (keyof DatasetRow)[];
  return {
    header: `${columns.join(',')}\n`,
    render: (row) => `${columns.map((column) => renderCell(row[column])).join(',')}\n`,
  };
}

export function describeColumns(later: DatasetColumns): { name: string; type: string }[] {
  const types: Record<FieldRule['kind'], string> = {
    text: 'text',
    number: 'number or empty',
    time: 'ISO 8601 UTC or empty',
    texts: 'JSON list of texts or empty',
    pairs: 'JSON object of texts or empty',
  };
  const typeOf = (field: RecordField): { name: string; type: string } => ({
    name: field,
    type: types[RECORD_FIELDS[field].kind],
  });
  return [
    ...FIRST.map(typeOf),
    { name: 'label', type: '0 or 1' },
    { name: 'weight', type: 'number above 0' },
    { name: 'origin', type: ORIGINS.join(' or ') },
    ...later.map((column) =>
      column === 'target'
        ? { name: 'target', type: 'number from 0 to 1 or empty' }
        : column === 'field'
          ? { name: 'field', type: 'text or empty' }
          : typeOf(column),
    ),
  ];
}

/** RFC 4180; a lone carriage return is quoted too, because some readers end a row at it. */
function renderCell(value: DatasetRow[keyof DatasetRow]): string {
  const text =
    value === null || value === undefined
      ? ''
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows of a training_data.csv. @throws AppError `bad-data`, while reading, when it is none */
export async function* readRows(csv: Readable, name: string): AsyncGenerator<DatasetRow> {
  const parser = parse({ columns: true, bom: true });
  csv.on('error', (error) => parser.destroy(error));
  try {
    for await (const cells of csv.pipe(parser) as AsyncIterable<Record<string, string | undefined>>) {
      yield parseRow(cells, name);
    }
  } finally {
    csv.destroy();
  }
}

function parseRow(cells: Record<string, string | undefined>, name: string): DatasetRow {
  const text = (column: string): string => {
    const cell = cells[column];
    if (cell === undefined) throw new AppError('bad-data', `${name} has no column ${column}`);
    return cell;
  };
  const row: Record<string, unknown> = {
    label: text('label') === '1' ? 1 : 0,
    weight: Number(text('weight')),
    origin: text('origin') === 'feedback' ? 'feedback' : 'source',
  };
  const target = cells['target'] ?? '';
  if (target !== '') row['target'] = Number(target);
  const field = cells['field'] ?? '';
  if (field !== '') row['field'] = field;
  for (const [field, { kind, isLater }] of RULES) {
    const cell = isLater === true ? (cells[field] ?? '') : text(field);
    if (kind === 'text' && isLater !== true) row[field] = cell;
    else if (cell === '') {
      if (isLater !== true) row[field] = null;
    } else
      row[field] =
        kind === 'number' ? Number(cell) : kind === 'texts' || kind === 'pairs' ? JSON.parse(cell) : cell;
  }
  return row as unknown as DatasetRow;
}
