/**
 * Probabilities are kept this far from 0, so that one confident mistake does not make a log loss infinite.
 */
const PROBABILITY_FLOOR = 1e-7;

/**
 * Negative log likelihood of one row, natural logarithm: the one log loss of trainings, evaluations and the
 * gate.
 *
 * @param probability of label 1, 0 to 1
 */
export function logLossOf(probability: number, label: 0 | 1): number {
  return -Math.log(Math.max(label === 1 ? probability : 1 - probability, PROBABILITY_FLOOR));
}
