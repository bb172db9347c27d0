/**
 * The history of aliases, which MLflow has no notion of: one tag of the registered model for each move,
 * `copyloop.alias-move.<n>.<random>`, holding JSON. It is written before the alias moves: a crash in between
 * leaves a move that the next attempt finishes, never one that nobody recorded. Two movers at once keep both
 * their tags, for the random part.
 */
import { z } from 'zod';
import type { AliasMove } from '../entities.ts';
import { randomSlug } from '../../core/ids.ts';

const PREFIX = 'copyloop.alias-move.';
/** MLflow's tables hold 5,000 characters of a model's tag. */
const MAX_REASON_CHARS = 2000;
const MAX_NAME_CHARS = 250;

const stored = z.object({
  alias: z.string(),
  kind: z.enum(['set', 'delete', 'rollback']),
  from: z.int().nullable(),
  to: z.int().nullable(),
  at: z.iso.datetime().transform((text) => new Date(text)),
  by: z.string(),
  reason: z.string(),
  run: z.string().nullable(),
});

export function isMoveTag(key: string): boolean {
  return key.startsWith(PREFIX);
}

/** Oldest first. A tag that someone else wrote under this prefix is no move. */
export function readMoves(name: string, tags: Readonly<Record<string, string>>): AliasMove[] {
  const keys = Object.keys(tags).filter(isMoveTag);
  return keys
    .toSorted((a, b) => numberOf(a) - numberOf(b) || (a < b ? -1 : 1))
    .flatMap((key) => {
      const move = stored.safeParse(parseJson(tags[key] ?? ''));
      if (!move.success) return [];
      const { alias, kind, from, to, at, by, reason, run } = move.data;
      return [
        {
          name,
          alias,
          kind,
          fromVersion: from,
          toVersion: to,
          movedAt: at,
          movedBy: by,
          reason,
          pipelineRunId: run,
        },
      ];
    });
}

/** The tag of the move that comes after those in `tags`. */
export function renderMove(
  tags: Readonly<Record<string, string>>,
  move: Omit<AliasMove, 'name'>,
): { key: string; value: string } {
  const last = Math.max(0, ...Object.keys(tags).filter(isMoveTag).map(numberOf));
  return {
    key: `${PREFIX}${String(last + 1).padStart(6, '0')}.${randomSlug(4)}`,
    value: JSON.stringify({
      alias: move.alias,
      kind: move.kind,
      from: move.fromVersion,
      to: move.toVersion,
      at: move.movedAt.toISOString(),
      by: move.movedBy.slice(0, MAX_NAME_CHARS),
      reason: move.reason.slice(0, MAX_REASON_CHARS),
      run: move.pipelineRunId,
    }),
  };
}

function numberOf(key: string): number {
  const number = Number(key.slice(PREFIX.length).split('.')[0]);
  return Number.isFinite(number) ? number : 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
