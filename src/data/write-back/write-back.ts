/**
 * A catalogue as it came, with the copy in it. What a text file holds beside that is given back byte by byte,
 * in its encoding; of a workbook and of Parquet, cell by cell.
 */
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { AppError } from '../../core/errors.ts';
import { openBytes, type OpenedBytes } from '../format/open-bytes.ts';
import { openPacked, openTable, type TableOptions } from '../format/open-table.ts';
import type { Layout } from '../format/table.ts';
import { openZip } from '../format/zip.ts';
import { openRecords } from '../reading/read-records.ts';
import { listNamedColumns, type FieldMap, type MappingRequest } from '../reading/field-map.ts';
import type { TableColumn, TableRow } from '../table/rows.ts';
import { createCreativeCursor, planCopyColumns } from './copy-columns.ts';
import { createEncoder, isWritable } from './encode.ts';
import { writeDelimited } from './write-delimited.ts';
import { writeJsonLines, writeJsonList } from './write-json.ts';
import { writeXlsx } from './write-xlsx.ts';
import { writeXml } from './write-xml.ts';

export interface WriteBackOptions extends Omit<TableOptions, 'named'> {
  /** Opens the source from its beginning; called more than once. */
  open: () => Promise<AsyncIterable<Uint8Array>>;
  map: FieldMap;
  recall?: MappingRequest['recall'];
  /** Columns of the output. */
  columns: readonly TableColumn[];
}

/** @throws AppError `invalid-input` for a file that can be read but not be written */
export function requireWritable(layout: Pick<Layout, 'encoding'>, name: string): void {
  if (isWritable(layout.encoding)) return;
  throw new AppError(
    'invalid-input',
    `${name} is ${layout.encoding}, which cannot be written back as it came: ask for csv, jsonl or parquet (out_format)`,
    { details: { field: 'out_format' } },
  );
}

/**
 * @param creatives rows of the output, in the order of the catalogue, each with its `line` and `nth`
 * @returns the bytes, and what a file of them ends with, such as `csv` or `xml.gz`
 * @throws AppError as reading the source does, and as `requireWritable`
 */
export async function writeBack(
  creatives: AsyncIterable<TableRow>,
  { open, map, recall, columns: ours, ...options }: WriteBackOptions,
): Promise<{ bytes: AsyncIterable<Uint8Array>; extension: string }> {
  const { name } = options;
  const table = await openTable(await open(), { ...options, named: listNamedColumns(map, null) });
  const { layout } = table;
  requireWritable(layout, name);
  const { mapping, columns, rows } = await openRecords(table, {
    map,
    label: null,
    uses: ['title', 'description'],
    recall,
  });
  // Only its columns were wanted: what it holds open is let go.
  for await (const _ of rows) break;
  const copy = planCopyColumns(mapping, columns, ours);
  const cursor = createCreativeCursor(creatives, layout.format === 'xml' ? 'nth' : 'line');
  const file = { layout, columns, name, sheet: options.sheet };
  const extension = layout.format === 'records' ? 'jsonl' : layout.format;

  async function* write(): AsyncGenerator<Uint8Array> {
    const opened = await openBytes(await open(), name, options.encoding);
    if (layout.format === 'parquet') {
      const { openParquet } = await import('../format/parquet.ts');
      const { writeParquet } = await import('./write-parquet.ts');
      const parquet = await openParquet(opened, name);
      try {
        yield* writeParquet(parquet, file, copy, ours, cursor);
      } finally {
        await parquet.close();
      }
      return;
    }
    const archive = opened.kind === 'zip' ? await openZip(opened.chunks, name) : undefined;
    try {
      if (layout.format === 'xlsx' && archive !== undefined) yield* writeXlsx(archive, file, copy, cursor);
      else yield* writeText(archive === undefined ? opened : (await openPacked(archive, options)).inner);
    } finally {
      await archive?.close();
    }
  }
  async function* writeText(text: OpenedBytes): AsyncGenerator<Uint8Array> {
    const encoder = createEncoder(text.encoding);
    yield text.mark;
    for await (const chunk of spliceText(text.chunks)) yield encoder.encode(chunk);
    yield encoder.end();
  }
  function spliceText(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    if (layout.format === 'json') return writeJsonList(chunks, copy, cursor, name);
    if (layout.format === 'xml') return writeXml(chunks, copy, cursor);
    if (layout.format === 'jsonl') return writeJsonLines(chunks, copy, cursor);
    return writeDelimited({ ...file, chunks }, copy, cursor);
  }
  if (layout.packing !== 'gzip') return { bytes: write(), extension };
  return { bytes: gzip(write()), extension: `${extension}.gz` };
}

async function* gzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = Readable.from(bytes, { objectMode: false });
  const output = createGzip();
  input.on('error', (error) => output.destroy(error));
  try {
    yield* input.pipe(output) as AsyncIterable<Buffer>;
  } finally {
    input.destroy();
    output.destroy();
  }
}
