/** What becomes of a row of a source: a record, a refusal with its reason, or nothing of its own. */
import type { Metric } from '../platform/platform.ts';
import type { Fault, ProductRecord } from '../record.ts';
import type { Values } from './lookup.ts';

export type ReadRow =
  | {
      line: number;
      record: ProductRecord;
      values: Values;
      /** Fields whose cells could not be read and decide nothing. */
      emptied: readonly string[];
      metrics?: Partial<Record<Metric, number>>;
      /** What a yes or a no in place of a rating says. */
      isLiked?: boolean;
    }
  | { line: number; fault: Fault; /** Absent where the row could not be taken apart. */ values?: Values }
  /** A row that is no record of its own: a variant, a total, the same product once more. */
  | { line: number; ignored: string };

export type ReadProduct = Extract<ReadRow, { record: ProductRecord }>;
