/** The head of a byte stream: a UTF-8 mark is dropped, and what is no UTF-8 text at all is refused with the way out. */
import { AppError } from '../../core/errors.ts';

const HEAD_BYTES = 4096;

export interface OpenedBytes {
  /** The first bytes, at least 4096 unless there are fewer, without the mark. */
  head: Buffer;
  /** All bytes, head included. */
  chunks: AsyncIterable<Buffer>;
}

/** @throws AppError `bad-data` for UTF-16 and compressed files, and for what the stream throws */
export async function openBytes(source: AsyncIterable<Uint8Array>, name: string): Promise<OpenedBytes> {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let ended = false;
  while (head.length < HEAD_BYTES && !ended) {
    const next = await iterator.next();
    if (next.done === true) ended = true;
    else head = Buffer.concat([head, next.value]);
  }
  const fault = findFault(head);
  if (fault !== undefined) {
    await iterator.return?.();
    throw new AppError('bad-data', `${name} ${fault}`);
  }
  if (head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]))) head = head.subarray(3);

  async function* readAll(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) yield head;
      if (ended) return;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        yield Buffer.from(next.value);
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head, chunks: readAll() };
}

function findFault(head: Buffer): string | undefined {
  const asUtf8 = 'save it as UTF-8 (iconv -f UTF-16 -t UTF-8)';
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    return `is UTF-16: ${asUtf8}`;
  }
  // UTF-16 without a mark: in text of mostly Latin letters every other byte is zero.
  const sample = head.subarray(0, 512);
  for (const offset of [0, 1]) {
    const half = sample.filter((_, i) => i % 2 === offset);
    if (half.length >= 8 && half.filter((byte) => byte === 0).length > half.length * 0.8) {
      return `looks like UTF-16 (every other byte is zero): ${asUtf8}`;
    }
  }
  if (head[0] === 0x1f && head[1] === 0x8b) return 'is compressed with gzip: unpack it first (gunzip)';
  if (head.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004') {
    return 'is a zip archive (or a spreadsheet): unpack it, or export it as CSV';
  }
  return undefined;
}
