/**
 * The pipeline's own tags say where a model comes from and whether it waits for approval; `verify`, receipts
 * and the gate believe them.
 */
import { AppError } from '../../core/errors.ts';
import type { RouteContext } from './route.ts';

const RESERVED = 'copyloop.';

/** @throws AppError `forbidden` when one of the keys is the pipeline's own, unless an admin asks */
export function checkTagKeys(
  tags: readonly { key: string }[],
  { caller }: Pick<RouteContext, 'caller'>,
): void {
  if (caller.isAdmin) return;
  const reserved = tags.find(({ key }) => key.startsWith(RESERVED));
  if (reserved === undefined) return;
  throw new AppError(
    'forbidden',
    `the tag ${reserved.key} cannot be changed by ${caller.name}: tags that begin with "${RESERVED}" are the pipeline's own; take another key, or ask with an admin key`,
  );
}
