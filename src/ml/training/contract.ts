import type { DistilBertConfig, Weights } from '../models/index.ts';
import type { TokenRows } from './data.ts';
import type { EpochReport } from './checkpoint.ts';
import type { StepReport } from './pace.ts';
import type { TrainingSettings } from './settings.ts';

/** All that a training of every weight is given. */
export interface FullTraining {
  readonly config: DistilBertConfig;
  /**
   * The encoder's, and the head's where there is one: a missing head is drawn from the seed. Asked for at the start and
   * at the end, the same both times, so that they need not be held in between.
   */
  readonly readWeights: () => Promise<Weights>;
  readonly train: TokenRows;
  readonly validation: TokenRows | null;
  readonly settings: TrainingSettings;
  readonly seed: number;
  /** Where to save the state every so many steps, and to look for it at the start; null: nowhere. */
  readonly checkpointDirectory?: string | null;
  /** Threads of ONNX Runtime; default 2. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  onStep?(report: StepReport): void;
  onEpoch?(report: EpochReport): void;
}
