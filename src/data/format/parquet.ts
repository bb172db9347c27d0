/** Parquet, a row group at a time and of that some thousand rows. */
import { open } from 'node:fs/promises';
import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer, type FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { AppError, toError } from '../../core/errors.ts';
import type { OpenedBytes } from './open-bytes.ts';
import type { SourceRow, SourceTable, Wanted } from './table.ts';
import { spool } from './zip.ts';

export const ROWS_AT_ONCE = 5000;

export interface ParquetFile {
  metadata: FileMetaData;
  /** Rows as the library gives them, from one to the one before another. */
  readRows(rowStart: number, rowEnd: number, columns?: string[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** @throws AppError `bad-data` for a footer that cannot be read; while reading for damaged pages */
export async function openParquet(bytes: OpenedBytes, name: string): Promise<ParquetFile> {
  const spooled = await spool(bytes.chunks);
  const handle = await open(spooled.path, 'r');
  const close = async (): Promise<void> => {
    await handle.close();
    await spooled.close();
  };
  const file: AsyncBuffer = {
    byteLength: (await handle.stat()).size,
    slice: async (start, end = file.byteLength) => {
      const buffer = Buffer.alloc(end - start);
      await handle.read(buffer, 0, buffer.length, start);
      return buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.length);
    },
  };
  let metadata: FileMetaData;
  try {
    metadata = await parquetMetadataAsync(file);
  } catch (thrown) {
    await close();
    throw damaged(name, thrown);
  }
  return {
    metadata,
    readRows: async (rowStart, rowEnd, columns) =>
      await parquetReadObjects({
        file,
        metadata,
        ...(columns !== undefined && { columns }),
        rowStart,
        rowEnd,
        compressors,
      }).catch((thrown: unknown) => {
        throw damaged(name, thrown);
      }),
    close,
  };
}

/** @throws AppError as opening the file does */
export async function readParquet(bytes: OpenedBytes, name: string): Promise<SourceTable> {
  const { metadata, readRows, close } = await openParquet(bytes, name);
  const [root, ...elements] = metadata.schema;
  const columns = listColumns(elements, root?.num_children ?? 0);

  async function* read(wanted: Wanted = {}): AsyncGenerator<SourceRow> {
    const selected = wanted.columns?.filter((column) => columns.includes(column)) ?? columns;
    const total = Number(metadata.num_rows);
    try {
      for (let rowStart = 0; rowStart < total; rowStart += ROWS_AT_ONCE) {
        const rowEnd = Math.min(total, rowStart + ROWS_AT_ONCE);
        const rows = await readRows(rowStart, rowEnd, selected);
        for (const [i, row] of rows.entries()) {
          const values = Object.fromEntries(Object.entries(row).map(([key, value]) => [key, toPlain(value)]));
          yield { line: rowStart + i + 1, values };
        }
      }
    } finally {
      await close();
    }
  }
  const layout = {
    encoding: 'binary',
    delimiter: null,
    quote: null,
    headerLine: null,
    ignoredLines: [],
    marks: [],
  };
  return { layout: { ...layout, format: 'parquet', packing: bytes.packing }, columns, read };
}

/** The schema is a tree, depth first: the children of the root are the columns. */
function listColumns(elements: FileMetaData['schema'], count: number): string[] {
  const names: string[] = [];
  let at = 0;
  const skip = (): void => {
    const children = elements[at]?.num_children ?? 0;
    at += 1;
    for (let i = 0; i < children; i += 1) skip();
  };
  while (names.length < count && at < elements.length) {
    names.push(elements[at]?.name ?? '');
    skip();
  }
  return names;
}

function toPlain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value instanceof Date ? value.toISOString() : value;
}

function damaged(name: string, thrown: unknown): AppError {
  // What the parser stumbles over says nothing to whoever has the file.
  const isStumble = thrown instanceof TypeError || thrown instanceof RangeError;
  const reason = isStumble ? 'its footer or a page of it makes no sense' : toError(thrown).message;
  return new AppError(
    'bad-data',
    `${name} is no readable Parquet file (${reason}): it is damaged or cut short; fetch or export it once more`,
    {
      cause: thrown,
    },
  );
}
