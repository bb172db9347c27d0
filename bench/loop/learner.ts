/**
 * From what was told to a champion, as a run does it: feedback becomes rows by the pipeline's own functions,
 * rows are split by the hash of their content, and the recipe `head` learns from them on the shop's states.
 */
import { copyRecord } from '../../src/core/classifier-text.ts';
import { hashContent, rowOfCounts, rowsOfVerdict, splitOf, type FeedbackRow } from '../../src/data/index.ts';
import { fitRatePrior, type Counts, type RatePrior } from '../../src/learning/index.ts';
import { trainHeadOnStates, type HeadStates } from '../../src/ml/candidate/head.ts';
import type { LabelledTexts } from '../../src/ml/candidate/trainer.ts';
import { parseRecipe } from '../../src/ml/recipes.ts';
import { splitOpenRows } from '../../src/ml/rows.ts';
import { fitTemperature, sigmoid } from '../../src/ml/scoring/index.ts';
import { FIELDS, type Field, type Shop, type ShopText } from './shop.ts';

/** What became of one text. */
export interface Told extends Partial<Counts> {
  text: ShopText;
  verdict?: 'accepted' | 'rejected';
  /** What it earns, for a learner who is told the truth. */
  rate?: number;
}

/** Calibrated probability that a text is good, by its state's row. */
export type Champion = (row: number) => number;

/**
 * `fields`: what a row of feedback teaches today. `one bit`: what it taught before, a click rate against the
 * rate of all feedback, good or bad, whatever the field and however little was counted. `truth`: the rates
 * themselves, which no count is as good as: what a head on this encoder can learn of so many texts at best.
 */
export type Rule = 'fields' | 'one bit' | 'truth';

interface TaughtRow {
  row: number;
  label: 0 | 1;
  weight: number;
  target?: number;
  field?: string;
  content: Buffer;
}

const FRACTIONS = { holdoutFraction: 0.2, validationFraction: 0.2 };
/** Fewer passes than the recipe's sixty, for whoever trains hundreds of heads; early stopping is its own. */
const RECIPE = parseRecipe(
  {
    name: 'head',
    trainer: 'head',
    epochs: 12,
    batchSize: 64,
    learningRate: 1e-3,
    weightDecay: 0,
    classWeights: 'balanced',
    dropout: 0.1,
    earlyStoppingPatience: 4,
  },
  'the bench',
);

export async function learn(shop: Shop, told: readonly Told[], rule: Rule): Promise<Champion> {
  const source = shop.source.map(({ row, label, title, description }): TaughtRow => {
    return { row, label, weight: 1, content: hashContent(title, description) };
  });
  const rows = [...source, ...ROWS[rule](told)];
  const of = (split: 'train' | 'validation') =>
    collect(rows.filter(({ content }) => splitOf(content, FRACTIONS) === split));
  const [train, validation] = [of('train'), of('validation')];
  const { dim } = shop.base.config;
  const states: HeadStates = { train: gather(shop, train.rows), validation: gather(shop, validation.rows) };
  const nothing = (): void => {};
  const trained = await trainHeadOnStates(
    {
      base: shop.base,
      train: train.texts,
      validation: validation.texts,
      recipe: RECIPE,
      seed: 1,
      signal: new AbortController().signal,
      onProgress: nothing,
      onEpoch: nothing,
      onStep: nothing,
    },
    states,
  );
  const margins = createMargins(trained.weights, dim);
  const temperature = fitTemperature(
    validation.rows.map((row) => margins(shop.states, row) - trained.priorShift),
    validation.texts.labels,
    validation.texts.weights,
  );
  const final = (await trained.refit?.()) ?? trained;
  const marginOf = createMargins(final.weights, dim);
  const known = new Map<number, number>();
  return (row) => {
    const before = known.get(row);
    if (before !== undefined) return before;
    const score = sigmoid((marginOf(shop.states, row) - final.priorShift) / temperature);
    known.set(row, score);
    return score;
  };
}

/** What the texts of each field usually earn. */
function usualRates(told: readonly Told[]): ReadonlyMap<Field, RatePrior> {
  const counted = told.flatMap(({ text, clicks, impressions = 0 }) =>
    clicks === undefined ? [] : [{ field: text.field, clicks, impressions }],
  );
  return new Map(FIELDS.map((name) => [name, fitRatePrior(counted.filter(({ field }) => field === name))]));
}

function rowsOf(told: readonly Told[]): TaughtRow[] {
  const rates = usualRates(told);
  return told.flatMap(({ text, verdict, clicks = 0, impressions = 0 }, id) => {
    const { title, field } = text;
    const about = { id, title, field, category: '' };
    const options = { weight: 1, ratingThreshold: 3.5, usual: rates.get(field) };
    const rows: FeedbackRow[] =
      verdict === undefined
        ? [rowOfCounts({ ...about, text: text.text, untaken: null, clicks, impressions }, options)]
        : rowsOfVerdict(
            {
              ...about,
              outcome: verdict,
              copyText: text.text,
              editedText: null,
              clicks: null,
              impressions: null,
              rating: null,
              createdAt: new Date(0),
              takenBy: null,
            },
            options,
          );
    return rows.flatMap(({ label, target, weight, title, description, field }): TaughtRow[] =>
      weight > 0
        ? [
            {
              row: text.row,
              label,
              weight,
              field,
              content: hashContent(title, description),
              ...(target !== null && { target }),
            },
          ]
        : [],
    );
  });
}

function bitsOf(told: readonly Told[]): TaughtRow[] {
  const counted = told.filter(({ impressions = 0 }) => impressions > 0);
  const sum = (of: 'clicks' | 'impressions') => counted.reduce((total, text) => total + (text[of] ?? 0), 0);
  const rate = sum('clicks') / Math.max(1, sum('impressions'));
  return told.map(({ text, verdict, clicks = 0, impressions = 0 }) => ({
    row: text.row,
    label:
      verdict === 'accepted' || (verdict === undefined && clicks / Math.max(1, impressions) >= rate) ? 1 : 0,
    weight: 1,
    content: hashContent(text.title, text.text),
  }));
}

/** The target is the odds of the text's rate to the mean of its field. */
function truthsOf(told: readonly Told[]): TaughtRow[] {
  const usual = new Map(
    FIELDS.map((name) => {
      const rates = told.flatMap(({ text, rate }) =>
        text.field === name && rate !== undefined ? [rate] : [],
      );
      return [name, rates.reduce((sum, rate) => sum + rate, 0) / rates.length];
    }),
  );
  return told.map(({ text, rate = 0 }) => {
    const target = rate / (rate + (usual.get(text.field) ?? 0));
    const { title, description } = copyRecord(text);
    const content = hashContent(title, description);
    return { row: text.row, label: target >= 0.5 ? 1 : 0, target, weight: 1, field: text.field, content };
  });
}

const ROWS: Readonly<Record<Rule, (told: readonly Told[]) => TaughtRow[]>> = {
  fields: rowsOf,
  'one bit': bitsOf,
  truth: truthsOf,
};

/** Rows with an open label as two, as a training reads them. */
function collect(rows: readonly TaughtRow[]): { rows: number[]; texts: LabelledTexts } {
  const split = rows.flatMap(({ row, label, weight, target, field }) =>
    splitOpenRows([
      { title: '', description: '', label, weight, ...(target !== undefined && { target }) },
    ]).map((half) => ({ row, label: half.label, weight: half.weight, field })),
  );
  return {
    rows: split.map(({ row }) => row),
    texts: {
      texts: split.map(() => ''),
      labels: split.map(({ label }) => label),
      weights: split.map(({ weight }) => weight),
      fields: split.map(({ field }) => field),
    },
  };
}

function gather({ states, base }: Shop, rows: readonly number[]): Float32Array {
  const { dim } = base.config;
  const gathered = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => gathered.set(states.subarray(row * dim, (row + 1) * dim), i * dim));
  return gathered;
}

/** The head's two layers as the exported model has them. */
export function createMargins(
  weights: Awaited<ReturnType<typeof trainHeadOnStates>>['weights'],
  dim: number,
): (states: Float32Array, row: number) => number {
  const read = (name: string): Float32Array => Float32Array.from(weights.get(name)?.data ?? []);
  const [hidden, bias] = [read('pre_classifier.weight'), read('pre_classifier.bias')];
  const [output, outputBias] = [read('classifier.weight'), read('classifier.bias')];
  const gains = Array.from({ length: dim }, (_, unit) => (output[dim + unit] ?? 0) - (output[unit] ?? 0));
  const used = [...gains.keys()].filter((unit) => gains[unit] !== 0);
  return (states, row) => {
    let margin = (outputBias[1] ?? 0) - (outputBias[0] ?? 0);
    for (const unit of used) {
      let sum = bias[unit] ?? 0;
      for (let i = 0; i < dim; i += 1)
        sum += (hidden[unit * dim + i] as number) * (states[row * dim + i] as number);
      if (sum > 0) margin += sum * (gains[unit] ?? 0);
    }
    return margin;
  };
}
