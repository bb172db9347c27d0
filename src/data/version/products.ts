/** Ids that stand for a product of several rows: reviews of it, for example. */
import { createFingerprintSet } from '../fingerprint-set.ts';

/**
 * @returns what the group of a row with that id is called; undefined for an id that stands alone. 16 bytes an
 *   id are kept.
 */
export async function findProducts(
  rows: AsyncIterable<{ id: string }> | Iterable<{ id: string }>,
): Promise<(id: string) => string | undefined> {
  const seen = createFingerprintSet();
  const repeated = createFingerprintSet();
  for await (const { id } of rows) if (id !== '' && !seen.add(id)) repeated.add(id);
  return (id) => (id !== '' && repeated.has(id) ? id : undefined);
}
