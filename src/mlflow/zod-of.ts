import type { z } from 'zod';
import type { Codec } from './codec.ts';

/** A codec's schema, to build others of. Codecs do not name zod in their types: the client's would then need it. */
export function zodOf<W, E>(codec: Codec<W, E>): z.ZodType<E> {
  return codec.schema as z.ZodType<E>;
}
