/** A table as every page shows one, with the same rows as CSV. */
import type { ComponentChildren } from 'preact';
import { Download } from './download.tsx';

export interface Column<Row> {
  title: string;
  /** Right-aligned, digits under digits. */
  isNumber?: boolean;
  /** What the cell says in CSV, and on the page where nothing else is shown. */
  text: (row: Row) => string | number | null | undefined;
  show?: (row: Row) => ComponentChildren;
  /** Buttons: nothing to take away. */
  isAction?: boolean;
}

interface Props<Row> {
  /** Of the file, and what is read out. */
  name: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string | number;
  /** What to do where there are none. */
  empty: ComponentChildren;
}

export function Table<Row>({ name, rows, columns, keyOf, empty }: Props<Row>) {
  if (rows.length === 0) return <p class="soft">{empty}</p>;
  return (
    <>
      <div class="scroll">
        <table aria-label={name}>
          <thead>
            <tr>
              {columns.map(({ title, isNumber }) => (
                <th key={title} scope="col" class={isNumber === true ? 'number' : undefined}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={keyOf(row)}>
                {columns.map((column) => (
                  <td key={column.title} class={column.isNumber === true ? 'number' : 'foreign'}>
                    {column.show === undefined ? (column.text(row) ?? '–') : column.show(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="soft">
        <Download
          name={`${name.toLowerCase().replaceAll(' ', '-')}.csv`}
          make={() => renderCsv(rows, columns)}
        >
          CSV
        </Download>
      </p>
    </>
  );
}

export function renderCsv<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
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
