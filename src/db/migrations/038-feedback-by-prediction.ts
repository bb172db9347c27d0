import type { Migration } from '../migration.ts';

/**
 * Feedback is found by its prediction, whichever kind it is: without this every prediction that is erased or
 * past its retention reads all feedback there is.
 */
export const feedbackByPredictionMigration: Migration = {
  name: '038-feedback-by-prediction',
  sql: `
    CREATE INDEX feedback_by_prediction ON feedback (prediction_id);
  `,
};
