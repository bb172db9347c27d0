/**
 * Counts why rows were refused, so that a message can name the commonest reasons instead of the first rows.
 */
import type { Fault } from './record.ts';

/** A line of the artifact of refused rows. */
export interface RefusedRow extends Fault {
  /** Line of the file, or number of the record in a JSON list or a generator; from 1. */
  line: number;
}

export interface Refusals {
  add(row: RefusedRow): void;
  /**
   * `200 as line 2: rating "bad" must be a number`: the commonest reasons, each with the first row that it
   * refused.
   */
  describe(): string[];
}

const REASONS_SHOWN = 3;
/**
 * Reasons that name numbers of fields or lengths may be many; beyond this the rare ones are counted together.
 */
const REASONS_KEPT = 1000;

export function createRefusals(): Refusals {
  const groups = new Map<string, { first: RefusedRow; count: number }>();
  let total = 0;
  return {
    add: (row) => {
      total += 1;
      const key = `${row.field}\0${row.reason}`;
      const group = groups.get(key);
      if (group !== undefined) group.count += 1;
      else if (groups.size < REASONS_KEPT) groups.set(key, { first: row, count: 1 });
    },
    describe: () => {
      const shown = [...groups.values()].toSorted((a, b) => b.count - a.count).slice(0, REASONS_SHOWN);
      const others = shown.reduce((rest, { count }) => rest - count, total);
      return [
        ...shown.map(
          ({ first, count }) =>
            `${count} as line ${first.line}: ${first.field} ${JSON.stringify(first.value)} ${first.reason}`,
        ),
        ...(others === 0 ? [] : [`${others} for other reasons`]),
      ];
    },
  };
}
