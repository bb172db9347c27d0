/** Labelled rows: what a model is trained on and judged by. One CSV per split, columns found by name. */
import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { AppError, toError } from '../core/errors.ts';

export interface LabelledRow {
  title: string;
  description: string;
  label: 0 | 1;
  /**
   * How often the row counts in the loss and in weighted metrics, above 0; 1 where the file has no such
   * column.
   */
  weight: number;
  /** Probability that the label is 1, where the file leaves it open. */
  target?: number;
  category?: string;
  /** Rows of one group are in one split. */
  group?: string;
  /** Where the row is a text of a creative: which field it is for. */
  field?: string;
}

const REQUIRED_COLUMNS = ['title', 'description', 'label'] as const;

interface ParsedRecord {
  record: Record<string, string | undefined>;
  info: { lines: number };
}

/**
 * Reads a CSV with the columns title, description, label (0 or 1) and, optionally, weight, target,
 * category, group and field; others are ignored.
 *
 * @throws AppError `not-found` without the file, `bad-data` naming the line for anything that is no labelled
 *   row
 */
export async function readLabelledCsv(file: string): Promise<LabelledRow[]> {
  const rows: LabelledRow[] = [];
  const parser = createReadStream(file)
    .on('error', (error) => parser.destroy(error))
    .pipe(parse({ bom: true, columns: (header: string[]) => checkHeader(header, file), info: true }));
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRecord>) {
      rows.push(parseRow(record, `${file}, line ${info.lines}`));
    }
  } catch (thrown) {
    throw describeReadError(thrown, file);
  }
  return rows;
}

/**
 * Rows with an open label as two of both labels, the weight divided by the target: their loss is the cross
 * entropy of the target, exactly.
 */
export function splitOpenRows(rows: readonly LabelledRow[]): LabelledRow[] {
  return rows.flatMap(({ target, ...row }): LabelledRow[] => {
    if (target === undefined) return [row];
    const halves: LabelledRow[] = [
      { ...row, label: 1, weight: row.weight * target },
      { ...row, label: 0, weight: row.weight * (1 - target) },
    ];
    return halves.filter(({ weight }) => weight > 0);
  });
}

function checkHeader(header: string[], file: string): string[] {
  for (const column of REQUIRED_COLUMNS) {
    if (!header.includes(column)) {
      const seen = header.map((name) => name.slice(0, 40)).join(', ');
      throw new AppError('bad-data', `${file} has no column "${column}"; its header is: ${seen}`);
    }
  }
  return header;
}

function parseRow(record: Record<string, string | undefined>, where: string): LabelledRow {
  const { title = '', description = '', label, weight, target, category, group, field } = record;
  if (label !== '0' && label !== '1') {
    throw new AppError('bad-data', `${where}: label must be 0 or 1, not ${JSON.stringify(label)}`);
  }
  if (title === '' && description === '') {
    throw new AppError('bad-data', `${where}: title and description are both empty`);
  }
  const parsedWeight = weight === undefined || weight === '' ? 1 : Number(weight);
  if (!(parsedWeight > 0 && Number.isFinite(parsedWeight))) {
    throw new AppError('bad-data', `${where}: weight must be above 0, not ${JSON.stringify(weight)}`);
  }
  const row: LabelledRow = { title, description, label: label === '1' ? 1 : 0, weight: parsedWeight };
  if (target !== undefined && target !== '') {
    row.target = Number(target);
    if (!(row.target >= 0 && row.target <= 1))
      throw new AppError('bad-data', `${where}: target must be from 0 to 1, not ${JSON.stringify(target)}`);
  }
  if (category !== undefined && category !== '') row.category = category;
  if (group !== undefined && group !== '') row.group = group;
  if (field !== undefined && field !== '') row.field = field;
  return row;
}

function describeReadError(thrown: unknown, file: string): Error {
  if (thrown instanceof AppError) return thrown;
  const error = toError(thrown);
  if (error instanceof CsvError) {
    return new AppError('bad-data', `${file} is no valid CSV: ${error.message}`, { cause: error });
  }
  if ('code' in error && error.code === 'ENOENT') {
    return new AppError('not-found', `there is no file ${file}`, { cause: error });
  }
  return error;
}
