/** The order in which test files start. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * A slow file that starts last would leave the other workers with nothing to do; a fresh clone has no record
 * of the times.
 */
const SLOW = [
  'pipeline-kill',
  'prediction-jobs',
  'server-serving',
  'tracking-backends',
  'pipeline-stages',
  'pipeline-runtime',
  'child',
  'tracking-remote',
  'server-growth',
  'backup',
  'prediction-jobs-http',
  'frozen-holdout',
  'drain',
  'feedback-loop',
];

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = SLOW.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return index < 0 ? SLOW.length : index;
    };
    // The base class knows the times of the last run, if there was one.
    // oxlint takes its method for that of an array.
    // oxlint-disable-next-line unicorn/no-array-sort
    const byTime = await super.sort(files);
    return byTime.toSorted((a, b) => rank(a) - rank(b));
  }
}
