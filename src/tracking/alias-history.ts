/** What both backends say of an alias's history. */
import { AppError } from '../core/errors.ts';
import type { AliasMove } from './entities.ts';

/**
 * Where a rollback leads. Replays the moves onto a stack, which a rollback unwinds; the answer is the nearest
 * version below the top that still exists.
 */
export function findFormerVersion(
  /** Oldest first. */
  moves: readonly Pick<AliasMove, 'kind' | 'toVersion'>[],
  existing: ReadonlySet<number>,
  current: number | null,
): number | undefined {
  const stack: number[] = [];
  for (const { kind, toVersion: to } of moves) {
    if (to === null) continue;
    if (kind === 'rollback') while (stack.length > 0 && stack.at(-1) !== to) stack.pop();
    else stack.push(to);
  }
  if (current !== null && stack.at(-1) === current) stack.pop();
  return stack.findLast((version) => existing.has(version) && version !== current);
}

export function movedAway(
  name: string,
  alias: string,
  from: number | null,
  expected: number | null,
): AppError {
  return new AppError(
    'conflict',
    `alias ${alias} of ${name} names ${nameVersion(from)}, no longer ${nameVersion(expected)}`,
  );
}

function nameVersion(version: number | null): string {
  return version === null ? 'no version' : `version ${version}`;
}
