/** The order in which test files start. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A slow file that starts last would leave the other workers with nothing to do; a fresh clone has no record of the times. */
const SLOW = [
  'pipeline-kill',
  'pipeline-stages',
  'tracking-backends',
  'frozen-holdout',
  'server-serving',
  'prediction-jobs',
  'pipeline-runtime',
  'provenance',
  'train-candidate',
];

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = SLOW.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return index < 0 ? SLOW.length : index;
    };
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
