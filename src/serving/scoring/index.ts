export { createFairLane, type FairLane } from './fair-queue.ts';
export { createScoreCache, type ScoreCache } from './score-cache.ts';
export {
  openScorer,
  type CallScores,
  type ScoreOptions,
  type Scorer,
  type ScorerEvents,
  type ScorerLimits,
} from './scorer.ts';
export { openScoringThread, type ScoringThread } from './scoring-thread.ts';
export { chooseThreadCounts, type ThreadCounts } from './thread-counts.ts';
