/** The query of a list that is read newest first, a page at a time. */
import { z } from '@hono/zod-openapi';
import { RUN_STATUSES } from '../../db/index.ts';

const MAX_PAGE = 500;
const MAX_NUMBER = 2 ** 31 - 1;

/** @param before what it means, for the description */
export function pageKeys(before: string, max: number = Number.MAX_SAFE_INTEGER) {
  return {
    limit: z.coerce.number<string>().int().min(1).max(MAX_PAGE).default(50),
    before: z.coerce.number<string>().int().min(1).max(max).optional().openapi({ description: before }),
  };
}

/** @param noun what the list holds, as its description calls one */
export function createPageQuery(noun: string) {
  return z.strictObject({
    ...pageKeys(`number of the last ${noun} of the page before`, MAX_NUMBER),
    status: z.enum(RUN_STATUSES).optional(),
  });
}
