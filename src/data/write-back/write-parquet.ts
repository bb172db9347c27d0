/** A Parquet file with our columns beside its own: the same schema and values, packed anew. */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { AppError, toError } from '../../core/errors.ts';
import { ROWS_AT_ONCE, type ParquetFile } from '../format/parquet.ts';
import { toElements } from '../table/render-parquet.ts';
import type { TableColumn } from '../table/rows.ts';
import { renderCell, type CopyColumn, type CreativeCursor } from './copy-columns.ts';

/** @throws AppError `bad-data` for a column of a kind that cannot be written */
export async function* writeParquet(
  { metadata, readRows }: ParquetFile,
  file: { columns: readonly string[]; name: string },
  copy: readonly CopyColumn[],
  ours: readonly TableColumn[],
  cursor: CreativeCursor,
): AsyncGenerator<Buffer> {
  const [root, ...elements] = metadata.schema;
  if (root === undefined) return;
  const kinds = new Map(ours.map(({ name, kind }) => [name, kind]));
  const added = copy.filter(({ name }) => !file.columns.includes(name));
  const schema = [
    { ...root, num_children: file.columns.length + added.length },
    ...elements,
    ...added.flatMap(({ name }) => toElements({ name, kind: kinds.get(name) ?? 'text' })),
  ];
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema,
    createdBy: 'copyloop',
    ...(metadata.key_value_metadata !== undefined && { kvMetadata: metadata.key_value_metadata }),
  });
  const take = (): Buffer => {
    const taken = Buffer.from(bytes.getBuffer());
    bytes.index = 0;
    return taken;
  };
  const total = Number(metadata.num_rows);
  try {
    for (let start = 0; start < total; start += ROWS_AT_ONCE) {
      const end = Math.min(total, start + ROWS_AT_ONCE);
      const rows = await readRows(start, end);
      for (const [i, row] of rows.entries()) {
        const creative = await cursor.take(start + i + 1);
        for (const { name, keeps, read } of copy) {
          if (creative === undefined) row[name] ??= null;
          else if (!keeps || (row[name] ?? '') === '') row[name] = toValue(read(creative), kinds.get(name));
        }
      }
      const names = [...file.columns, ...added.map(({ name }) => name)];
      await writer.write({
        columnData: names.map((name) => ({ name, data: rows.map((row) => row[name] ?? null) })),
        rowGroupSize: rows.length,
      });
      yield take();
    }
    await writer.finish();
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw new AppError(
      'bad-data',
      `${file.name} cannot be written back (${toError(thrown).message}): ask for csv, jsonl or parquet instead`,
      { cause: thrown },
    );
  }
  yield take();
}

function toValue(value: ReturnType<CopyColumn['read']>, kind: TableColumn['kind'] | undefined): unknown {
  if (kind === 'integer' && typeof value === 'number') return BigInt(value);
  return typeof value === 'object' && value !== null && 'writer' in value ? renderCell(value) : value;
}
