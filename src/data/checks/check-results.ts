/** What the checks of a version say, as the manifest keeps it. */
import { z } from 'zod';

export const CHECKS = [
  'nearDuplicates',
  'conflictingLabels',
  'labelErrors',
  'language',
  'alike',
  'lengths',
  'personalData',
] as const;
export type CheckName = (typeof CHECKS)[number];

export const checkResultSchema = z.strictObject({
  name: z.enum(CHECKS),
  /** `stop`: a version that does not pass is not made. */
  severity: z.enum(['note', 'warn', 'stop']),
  /** Share of the rows that must be free of it. */
  mostly: z.number(),
  /** Rows that were looked at; long datasets are sampled by some checks. */
  rows: z.int(),
  found: z.int(),
  passed: z.boolean(),
  examples: z.array(
    z.strictObject({
      check: z.enum(CHECKS),
      content: z.string(),
      id: z.string(),
      title: z.string(),
      label: z.int(),
      detail: z.string(),
    }),
  ),
});
export type CheckResult = z.infer<typeof checkResultSchema>;
