/** A row of a dataset version, and its form in training_data.csv. */
import { parse } from 'csv-parse';
import type { Readable } from 'node:stream';
import { AppError } from '../../core/errors.ts';
import type { LabelledRecord } from '../record.ts';

export const ORIGINS = ['source', 'feedback'] as const;
export type Origin = (typeof ORIGINS)[number];

export interface DatasetRow extends LabelledRecord {
  /** How often the row counts in training, above 0. */
  weight: number;
  origin: Origin;
}

/** The columns of training_data.csv, in their order. Empty cells are fields that the source does not have. */
export const DATASET_COLUMNS = [
  'id',
  'title',
  'category',
  'description',
  'price',
  'rating',
  'timestamp',
  'label',
  'weight',
  'origin',
] as const;

export const DATASET_HEADER = `${DATASET_COLUMNS.join(',')}\n`;

export function renderRow(row: DatasetRow): string {
  return `${DATASET_COLUMNS.map((column) => renderCell(row[column])).join(',')}\n`;
}

/** RFC 4180; a lone carriage return is quoted too, because some readers end a row at it. */
function renderCell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
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
  const text = (column: (typeof DATASET_COLUMNS)[number]): string => {
    const cell = cells[column];
    if (cell === undefined) throw new AppError('bad-data', `${name} has no column ${column}`);
    return cell;
  };
  const numberOrNull = (column: 'price' | 'rating'): number | null =>
    text(column) === '' ? null : Number(text(column));
  return {
    id: text('id'),
    title: text('title'),
    category: text('category'),
    description: text('description'),
    price: numberOrNull('price'),
    rating: numberOrNull('rating'),
    timestamp: text('timestamp') === '' ? null : text('timestamp'),
    label: text('label') === '1' ? 1 : 0,
    weight: Number(text('weight')),
    origin: text('origin') === 'feedback' ? 'feedback' : 'source',
  };
}
