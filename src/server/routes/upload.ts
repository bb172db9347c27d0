/** Files of rows that are sent as a body: catalogues and reports of feedback. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { MAPPABLE_FIELDS } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { formatOfType } from '../../data/index.ts';
import type { JobInput } from '../../queues/index.ts';
import { decoderOf, mediaTypeOf, toUtf8, type AppEnv } from '../http/index.ts';

/** Not application/json, though it is taken: the router would read the whole body to check it. */
export const UPLOAD_BODY = {
  content: Object.fromEntries(
    ['text/csv', 'text/tab-separated-values', 'application/x-ndjson'].map((type) => [
      type,
      { schema: z.string().openapi({ format: 'binary' }) },
    ]),
  ),
};

/** Repeated pairs: `map=title:Name`. */
export const mapParameter = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((pairs) => (pairs === undefined ? undefined : [pairs].flat()))
  .openapi({
    type: 'array',
    items: { type: 'string' },
    description: `FIELD:COLUMN, repeated; fields are ${MAPPABLE_FIELDS.join(', ')}`,
  });

/** FIELD:COLUMN or FIELD=COLUMN; which fields there are is checked with the other options. */
export function parseMap(pairs: readonly string[] | undefined): Record<string, string> | undefined {
  if (pairs === undefined) return undefined;
  return Object.fromEntries(
    pairs.map((pair) => {
      if (pair === 'auto') return ['auto', 'yes'];
      const [, field = '', column = ''] = /^([a-z]{1,40})[:=](.*)$/s.exec(pair) ?? [];
      if (field === '')
        throw new AppError(
          'invalid-input',
          `map is "${pair}": FIELD:COLUMN is needed, as in title:Title, or auto`,
          {
            details: { field: 'map' },
          },
        );
      return [field, column];
    }),
  );
}

/** A body of rows as a stream, which nothing has read before. */
export function readUpload(
  c: Context<AppEnv>,
  maxBytes: number,
): Extract<JobInput, { kind: 'bytes' }> & { body: AsyncIterable<Uint8Array> } {
  const body = c.req.raw.body;
  const announced = Number(c.req.header('content-length') ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  // A stream that is not null stands for the body of every POST, also of one that has none.
  if (body === null || (c.req.header('transfer-encoding') === undefined && announced === 0))
    throw new AppError('invalid-input', 'there is no catalogue: send it as the body, or name its url');
  const contentType = c.req.header('content-type');
  const type = mediaTypeOf(contentType);
  const format = formatOfType(type) ?? null;
  if (format === null && !UNTOLD_TYPES.includes(type)) throw wrongType(type);
  const decoder = decoderOf(contentType);
  const bytes = refuseArchives(countBytes(body, maxBytes));
  return {
    kind: 'bytes',
    body: decoder === undefined ? bytes : toUtf8(bytes, decoder),
    name: 'upload',
    format,
  };
}

/** Types that say nothing of the format: it is found by the content. */
const UNTOLD_TYPES = ['', 'text/plain', 'application/octet-stream', 'application/vnd.ms-excel'];
/** What no reader of catalogues unpacks, by its first bytes. */
const ARCHIVES: readonly [string, readonly number[]][] = [
  ['an xz archive', [0xfd, 0x37, 0x7a, 0x58]],
  ['a bzip2 archive', [0x42, 0x5a, 0x68, 0x39]],
  ['a 7-Zip archive', [0x37, 0x7a, 0xbc, 0xaf]],
  ['an old Excel workbook', [0xd0, 0xcf, 0x11, 0xe0]],
  ['a PDF', [0x25, 0x50, 0x44, 0x46]],
];

function wrongType(what: string): AppError {
  return new AppError(
    'wrong-media-type',
    `the catalogue is ${JSON.stringify(what.slice(0, 100))}: send the file itself as CSV, TSV, JSON, JSONL, XML, Excel or Parquet (text/csv, application/json, application/x-ndjson, application/xml, ...)`,
    { details: { field: 'content-type' } },
  );
}

/** Whatever type it was sent under: its first bytes say what it is. */
async function* refuseArchives(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const chunk of bytes) {
    const found = isFirst
      ? ARCHIVES.find(([, magic]) => magic.every((byte, at) => chunk[at] === byte))
      : undefined;
    if (found !== undefined) throw wrongType(found[0]);
    isFirst = false;
    yield chunk;
  }
}

async function* countBytes(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

function tooLarge(maxBytes: number): AppError {
  return new AppError(
    'payload-too-large',
    `the catalogue is larger than ${maxBytes} bytes (jobs.maxUploadBytes)`,
    {
      details: { field: 'body', limit: maxBytes },
    },
  );
}
