import type { z } from 'zod';

/**
 * A codec's schema, to build others of. Codecs do not name zod in their types: the client's would then need
 * it.
 */
export function zodOf<E>(codec: { schema: { parse(value: unknown): E } }): z.ZodType<E> {
  return codec.schema as z.ZodType<E>;
}
