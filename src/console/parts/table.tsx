/** A table as every page shows one, with the same rows as CSV. */
import type { ComponentChildren } from 'preact';
import { renderCsv, type CsvColumn } from './csv.ts';
import { Download } from './download.tsx';
import { Scroll } from './scroll.tsx';

export interface Column<Row> extends CsvColumn<Row> {
  /** Right-aligned, digits under digits. */
  isNumber?: boolean;
  /** On the page, in place of the text. */
  show?: (row: Row) => ComponentChildren;
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
      <Scroll>
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
                  <td
                    key={column.title}
                    class={
                      column.isNumber === true ? 'number' : column.isAction === true ? undefined : 'foreign'
                    }
                  >
                    {column.show === undefined ? (column.text(row) ?? '–') : column.show(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="take-away">
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
