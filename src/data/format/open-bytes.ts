/**
 * The head of a byte stream: unpacked where it is gzip or zstd, its kind known by its first bytes, text
 * turned into UTF-8.
 */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { createDecoder } from '../../core/encodings.ts';
import { AppError, toError } from '../../core/errors.ts';
import { findEncoding } from './encoding.ts';

const HEAD_BYTES = 1 << 18;
/** What text never packs so small: more is a bomb. */
const MAX_UNPACKED_RATIO = 200;
const UNPACKED_FREE_BYTES = 64 << 20;

export interface OpenedBytes {
  kind: 'text' | 'zip' | 'parquet';
  /** The first bytes, at least 256 KiB unless there are fewer, without the mark. */
  head: Buffer;
  /** Whether the head is all there is. */
  isWhole: boolean;
  /** All bytes, head included; text is UTF-8, whatever it came in. */
  chunks: AsyncIterable<Buffer>;
  /** Of a text, as it came. */
  encoding: string;
  /** Bytes before a text that are none of it: its mark. */
  mark: Buffer;
  /** `gzip` or `zstd` where the bytes came packed. */
  packing: string | undefined;
}

/**
 * @throws AppError `bad-data` for what is neither text nor a known container, and for what the stream throws
 */
export async function openBytes(
  source: AsyncIterable<Uint8Array>,
  name: string,
  declared?: string,
): Promise<OpenedBytes> {
  const raw = await readHead(source);
  const unpack = findPacking(raw.head);
  const { head, isWhole, chunks } =
    unpack === undefined ? raw : await readHead(unpack.read(raw.chunks, name));
  const packing = unpack?.name;
  const magic = head.subarray(0, 4).toString('latin1');
  if (findPacking(head) !== undefined) {
    throw new AppError('bad-data', `${name} is packed twice: unpack it once`);
  }
  if (magic === 'PK\u0003\u0004' || magic === 'PAR1') {
    const kind = magic === 'PAR1' ? 'parquet' : 'zip';
    return { kind, head, isWhole, chunks, encoding: 'binary', mark: NO_MARK, packing };
  }
  const foreign = FOREIGN.find(({ first }) =>
    head.subarray(0, first.length).equals(Buffer.from(first, 'latin1')),
  );
  if (foreign !== undefined) throw new AppError('bad-data', `${name} ${foreign.fault}`);
  const encoding = findEncoding(head, name, declared ?? findDeclaration(head));
  const text =
    encoding.name === 'utf-8' ? dropMark(chunks, encoding.markBytes) : transcode(chunks, encoding.name, name);
  if (encoding.name === 'utf-8') {
    return {
      kind: 'text',
      head: head.subarray(encoding.markBytes),
      isWhole,
      chunks: text,
      encoding: 'utf-8',
      mark: head.subarray(0, encoding.markBytes),
      packing,
    };
  }
  const mark = head.subarray(0, encoding.markBytes);
  return { kind: 'text', ...(await readHead(text)), encoding: encoding.name, mark, packing };
}

const NO_MARK = Buffer.alloc(0);

const FOREIGN: readonly { first: string; fault: string }[] = [
  { first: '\u00d0\u00cf\u0011\u00e0', fault: 'is a workbook of Excel 97 to 2003: save it as .xlsx or CSV' },
  { first: '%PDF', fault: 'is a PDF: export the table as CSV' },
  { first: '7z\u00bc\u00af', fault: 'is a 7z archive: unpack it first' },
  { first: 'Rar!', fault: 'is a RAR archive: unpack it first' },
  { first: 'BZh', fault: 'is packed with bzip2: unpack it first (bunzip2)' },
  { first: '\u00fd7zXZ', fault: 'is packed with xz: unpack it first (unxz)' },
];

/** Of XML, which says its own encoding in ASCII. */
function findDeclaration(head: Buffer): string | undefined {
  const start = head.subarray(0, 200).toString('latin1');
  return /^\s{0,20}<\?xml[^>]{0,100}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._-]{1,40})["']/u.exec(start)?.[1];
}

async function readHead(
  source: AsyncIterable<Uint8Array>,
): Promise<Pick<OpenedBytes, 'head' | 'isWhole' | 'chunks'>> {
  const iterator = source[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  while (size < HEAD_BYTES && !ended) {
    const next = await iterator.next();
    if (next.done === true) ended = true;
    else {
      pieces.push(next.value);
      size += next.value.length;
    }
  }
  const head = Buffer.concat(pieces);

  async function* readAll(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) yield head;
      if (ended) return;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head, isWhole: ended, chunks: readAll() };
}

async function* dropMark(chunks: AsyncIterable<Buffer>, markBytes: number): AsyncGenerator<Buffer> {
  let first = true;
  for await (const chunk of chunks) {
    yield first ? chunk.subarray(markBytes) : chunk;
    first = false;
  }
}

async function* transcode(
  chunks: AsyncIterable<Buffer>,
  encoding: string,
  name: string,
): AsyncGenerator<Buffer> {
  const decoder = createDecoder(encoding);
  const decode = (chunk?: Buffer): Buffer => {
    try {
      return Buffer.from(chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true }));
    } catch (cause) {
      throw new AppError('bad-data', `${name} is no ${encoding}: name its encoding (--encoding NAME)`, {
        cause,
        details: { field: 'encoding' },
      });
    }
  };
  for await (const chunk of chunks) yield decode(chunk);
  yield decode();
}

interface Packing {
  name: string;
  read: (chunks: AsyncIterable<Buffer>, name: string) => AsyncIterable<Buffer>;
}

function findPacking(head: Buffer): Packing | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return { name: 'gzip', read: gunzip };
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return { name: 'zstd', read: unzstd };
  return undefined;
}

async function* gunzip(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const meter = createMeter(name);
  const input = Readable.from(meter.count(chunks));
  const output = createGunzip();
  input.on('error', (error) => output.destroy(error));
  try {
    for await (const chunk of input.pipe(output) as AsyncIterable<Buffer>) yield meter.check(chunk);
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : damaged(name, 'gzip', thrown);
  } finally {
    input.destroy();
    output.destroy();
  }
}

async function* unzstd(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const meter = createMeter(name);
  let unpacked: Buffer[] = [];
  let isComplete = false;
  const unpacker = new Decompress((chunk, isLast) => {
    if (chunk.length > 0) unpacked.push(Buffer.from(chunk));
    isComplete ||= isLast === true;
  });
  const push = (chunk: Uint8Array, isLast: boolean): void => {
    try {
      unpacker.push(chunk, isLast);
    } catch (thrown) {
      throw damaged(name, 'zstd', thrown);
    }
  };
  for await (const chunk of meter.count(chunks)) {
    push(chunk, false);
    for (const piece of unpacked) yield meter.check(piece);
    unpacked = [];
  }
  push(new Uint8Array(), true);
  for (const piece of unpacked) yield meter.check(piece);
  if (!isComplete) throw damaged(name, 'zstd', new Error('it breaks off'));
}

function damaged(name: string, packing: string, thrown: unknown): AppError {
  return new AppError(
    'bad-data',
    `${name} cannot be unpacked (${packing}: ${toError(thrown).message}): it is damaged or cut short; fetch or export it once more`,
    {
      cause: thrown,
    },
  );
}

/** Counts what goes in and comes out of an unpacker. */
function createMeter(name: string) {
  let packed = 0;
  let unpacked = 0;
  return {
    count: async function* count(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        packed += chunk.length;
        yield chunk;
      }
    },
    check: (chunk: Buffer): Buffer => {
      unpacked += chunk.length;
      if (unpacked > UNPACKED_FREE_BYTES && unpacked > packed * MAX_UNPACKED_RATIO) {
        throw new AppError(
          'bad-data',
          `${name} unpacks to more than ${MAX_UNPACKED_RATIO} times its size: it is refused as a bomb`,
        );
      }
      return chunk;
    },
  };
}
