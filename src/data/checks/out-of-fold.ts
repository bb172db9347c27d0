/**
 * What a model that has not seen a row says of it: logistic regression on hashed words and pairs of words, a
 * fold at a time. Weak beside a trained champion, and there before any is: seconds for tens of thousands of
 * rows.
 */
import { hashWords, stir } from './words.ts';

const BUCKETS = 1 << 18;
const FOLDS = 5;
const EPOCHS = 4;
const RATE = 0.5;
const DECAY = 1e-5;

export interface OutOfFold {
  /** @param fold which rows are told of by one model; rows of one product share it */
  add(text: string, label: number, fold: number): void;
  /** That the label is 1, of each row in its order. */
  predict(): Float64Array;
}

export function createOutOfFold(): OutOfFold {
  const rows: { features: Uint32Array; label: number; fold: number }[] = [];
  return {
    add: (text, label, fold) => void rows.push({ features: featuresOf(text), label, fold: fold % FOLDS }),
    predict: () => {
      const probabilities = new Float64Array(rows.length);
      for (let fold = 0; fold < FOLDS; fold += 1) {
        const model = train(rows.filter((row) => row.fold !== fold));
        for (const [i, row] of rows.entries()) if (row.fold === fold) probabilities[i] = model(row.features);
      }
      return probabilities;
    },
  };
}

function featuresOf(text: string): Uint32Array {
  const words = hashWords(text);
  const features = new Set<number>();
  for (const [i, word] of words.entries()) {
    features.add(word % BUCKETS);
    const next = words[i + 1];
    if (next !== undefined) features.add(stir(word ^ (next * 31)) % BUCKETS);
  }
  return Uint32Array.from(features);
}

/** AdaGrad: a rate of its own for every weight, which falls as it is used. */
function train(rows: readonly { features: Uint32Array; label: number }[]): (features: Uint32Array) => number {
  const weights = new Float64Array(BUCKETS + 1);
  const squares = new Float64Array(BUCKETS + 1).fill(1e-8);
  const predict = (features: Uint32Array): number => {
    let sum = weights[BUCKETS] as number;
    const scale = 1 / Math.sqrt(Math.max(1, features.length));
    for (const feature of features) sum += (weights[feature] as number) * scale;
    return 1 / (1 + Math.exp(-sum));
  };
  const step = (place: number, gradient: number): void => {
    const slope = gradient + DECAY * (weights[place] as number);
    squares[place] = (squares[place] as number) + slope * slope;
    weights[place] = (weights[place] as number) - (RATE * slope) / Math.sqrt(squares[place]);
  };
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
    for (const { features, label } of rows) {
      const slope = predict(features) - label;
      const scale = slope / Math.sqrt(Math.max(1, features.length));
      for (const feature of features) step(feature, scale);
      step(BUCKETS, slope);
    }
  }
  return predict;
}
