/** Rows as CSV, for spreadsheets. */

export interface CsvColumn<Row> {
  title: string;
  text: (row: Row) => string | number | null | undefined;
  /** Buttons: nothing to take away. */
  isAction?: boolean;
}

export function renderCsv<Row>(rows: readonly Row[], columns: readonly CsvColumn<Row>[]): string {
  const kept = columns.filter(({ isAction }) => isAction !== true);
  const lines = [
    kept.map(({ title }) => title),
    ...rows.map((row) => kept.map(({ text }) => text(row) ?? '')),
  ];
  return lines.map((cells) => `${cells.map(renderCell).join(',')}\r\n`).join('');
}

/** What begins like a formula is kept from being one: spreadsheets would run it. */
function renderCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
