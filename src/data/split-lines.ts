/**
 * The lines of a JSONL stream. A line ends at the byte of `\n` and nowhere else: JSON leaves U+2028 and
 * U+2029 as they are, and since Node 24 `readline` breaks a line at them.
 */
const NEWLINE = 0x0a;

/** @param checkBytes is told how long the line that is still open is; it may throw */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  checkBytes?: (sizeBytes: number) => void,
): AsyncGenerator<Buffer> {
  let open: Buffer[] = [];
  let openBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...open, chunk.subarray(start, end)]);
      open = [];
      openBytes = 0;
      start = end + 1;
    }
    open.push(chunk.subarray(start));
    openBytes += chunk.length - start;
    checkBytes?.(openBytes);
  }
  if (openBytes > 0) yield Buffer.concat(open);
}
