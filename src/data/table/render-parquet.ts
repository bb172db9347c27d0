/**
 * Parquet in row groups of some thousand rows: one group is in memory at a time, beside the few numbers a
 * group that the footer needs.
 */
import type { SchemaElement } from 'hyparquet-writer';
import { inGroups, type TableCell, type TableColumn, type TableRow } from './rows.ts';

const ROWS_PER_GROUP = 10_000;

export async function* renderParquet(
  columns: readonly TableColumn[],
  rows: AsyncIterable<TableRow>,
): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const bytes = new ByteWriter();
  const file = new ParquetWriter({ writer: bytes, schema: toSchema(columns), createdBy: 'copyloop' });
  const take = (): Uint8Array => {
    const taken = new Uint8Array(bytes.getBuffer());
    bytes.index = 0;
    return taken;
  };
  for await (const group of inGroups(rows, ROWS_PER_GROUP)) {
    const columnData = columns.map((column) => ({
      name: column.name,
      data: group.map((row) => toValue(column, row[column.name] ?? null)),
    }));
    await file.write({ columnData, rowGroupSize: group.length });
    yield take();
  }
  await file.finish();
  yield take();
}

function toValue({ kind }: TableColumn, cell: TableCell): unknown {
  return kind === 'integer' && typeof cell === 'number' ? BigInt(cell) : cell;
}

/**
 * Depth first, as the format stores it:
 * https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists for lists.
 */
function toSchema(columns: readonly TableColumn[]): SchemaElement[] {
  return [{ name: 'root', num_children: columns.length }, ...columns.flatMap(toElements)];
}

export function toElements({ name, kind }: TableColumn): SchemaElement[] {
  const repetition_type = 'OPTIONAL' as const;
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type } as const;
  switch (kind) {
    case 'text':
      return [{ name, ...text }];
    case 'integer':
      return [{ name, type: 'INT64', repetition_type }];
    case 'number':
      return [{ name, type: 'DOUBLE', repetition_type }];
    case 'texts':
      return [
        { name, repetition_type, num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', ...text },
      ];
    default:
      return kind satisfies never;
  }
}
