/** What the searches of experiments, runs, models and versions have in common on the wire. */
import { z } from 'zod';
import type { SearchOptions } from '../../tracking/index.ts';
import type { RouteContext } from './route.ts';
import { idText, list, optionalInt, optionalText, text } from './wire.ts';

/** A search may name all that there are. */
export const experimentIds = list(idText, 50_000);

export const search = z.object({
  filter: optionalText,
  max_results: optionalInt,
  order_by: list(text),
  page_token: optionalText,
});

export function toSearchOptions(input: z.output<typeof search>, { hangUp }: Pick<RouteContext, 'hangUp'>) {
  return {
    filter: input.filter,
    maxResults: input.max_results,
    orderBy: input.order_by,
    pageToken: input.page_token,
    signal: hangUp(),
  } satisfies SearchOptions;
}
