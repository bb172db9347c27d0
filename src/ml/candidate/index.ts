/** One candidate's training, in a child process: from labelled rows and a recipe to a model directory. */
export { trainCandidate, type TrainCandidateOptions } from './child.ts';
export {
  trainResultSchema,
  type EpochMetrics,
  type TrainProgress,
  type TrainRequest,
  type TrainResult,
} from './protocol.ts';
export { repeatsTraining } from './repeats-training.ts';
