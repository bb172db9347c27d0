/**
 * Server-sent events (WHATWG HTML, 9.2): the data of each event of a byte stream, whatever chunks it arrives
 * in.
 */
import { AppError } from '../../../core/errors.ts';

/** @throws AppError `payload-too-large` once more than `maxBytes` have arrived. */
export async function* readEventData(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = '';
  let data: string[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new AppError('payload-too-large', `the answer is over ${maxBytes} bytes`);
    const arrived = decoder.decode(chunk, { stream: true });
    // A line that goes on is not looked through again with each chunk.
    if (!pending.endsWith('\r') && !/[\r\n]/u.test(arrived)) {
      pending += arrived;
      continue;
    }
    // A trailing CR may be the first half of CRLF: it waits for the next chunk.
    const lines = (pending + arrived).split(/\r\n|\n|\r(?!$)/u);
    pending = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield data.join('\n');
        data = [];
      } else if (line.startsWith('data:')) {
        data.push(line.slice(5).replace(/^ /u, ''));
      }
    }
  }
  // Some servers close without the last empty line; what is complete is still taken.
  if (pending.startsWith('data:')) data.push(pending.slice(5).trim());
  if (data.length > 0) yield data.join('\n');
}
