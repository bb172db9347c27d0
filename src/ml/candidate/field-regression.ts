/**
 * What people liked, field by field: a logistic regression on the encoder's states whose weights are what all
 * rows share plus what each field differs by, both held near zero by Gaussian priors. With few rows of a
 * field it goes by what the others taught, with many by its own. Weights of rows are evidence, not shares, so
 * the priors give way as it grows. The posterior's mode is found by L-BFGS (Liu and Nocedal 1989); there is
 * only one, so neither a seed nor a learning rate has a say in it.
 */

export interface FieldRows {
  /** Standardised: [rows, dim]. */
  states: Float32Array;
  /** What a field's own weights are fitted to, where that is not the same: [rows, dim]. */
  own?: Float32Array;
  dim: number;
  /** Probability that a row is good. */
  targets: ArrayLike<number>;
  /** How many observations a row is worth. */
  weights: ArrayLike<number>;
  /** Index of the row's field; -1: it belongs to none. */
  fields: ArrayLike<number>;
  fieldCount: number;
}

export interface FieldWeights {
  /** [dim + 1], the bias last. */
  shared: Float64Array;
  /** What each field adds: [fields][dim + 1]. */
  byField: readonly Float64Array[];
}

/** Inverse variances of the weights under the priors. */
export interface Precisions {
  shared: number;
  field: number;
}

const MEMORY = 10;
const MAX_STEPS = 120;
const TOLERANCE = 1e-4;
/** Biases are hardly held: a field's usual rate is not a matter of taste. */
const BIAS_PRECISION = 1e-3;

export function fitFieldRegression(rows: FieldRows, precisions: Precisions): FieldWeights {
  const width = rows.dim + 1;
  const size = width * (1 + rows.fieldCount);
  const weights = minimize((at, gradient) => objective(rows, precisions, at, gradient), size);
  return {
    shared: weights.slice(0, width),
    byField: Array.from({ length: rows.fieldCount }, (_, field) =>
      weights.slice(width * (field + 1), width * (field + 2)),
    ),
  };
}

/** The margin of one row of standardised states; of no field where `field` is -1. */
export function marginOf(
  states: Float32Array,
  row: number,
  field: number,
  { shared, byField }: FieldWeights,
): number {
  const dim = shared.length - 1;
  const own = byField[field];
  let margin = (shared[dim] ?? 0) + (own?.[dim] ?? 0);
  for (let i = 0; i < dim; i += 1)
    margin += (states[row * dim + i] ?? 0) * ((shared[i] ?? 0) + (own?.[i] ?? 0));
  return margin;
}

/** Negative log posterior at `at`; fills its gradient. */
function objective(
  rows: FieldRows,
  precisions: Precisions,
  at: Float64Array,
  gradient: Float64Array,
): number {
  const { states, own: ownStates = states, dim, targets, weights, fields } = rows;
  const width = dim + 1;
  let value = 0;
  for (let i = 0; i < at.length; i += 1) {
    const isBias = i % width === dim;
    const precision = isBias ? BIAS_PRECISION : i < width ? precisions.shared : precisions.field;
    const weight = at[i] ?? 0;
    value += 0.5 * precision * weight * weight;
    gradient[i] = precision * weight;
  }
  for (let row = 0; row < targets.length; row += 1) {
    const first = row * dim;
    const own = ((fields[row] ?? -1) + 1) * width;
    let margin = at[dim] ?? 0;
    for (let i = 0; i < dim; i += 1) margin += (states[first + i] as number) * (at[i] as number);
    if (own > 0) {
      margin += at[own + dim] as number;
      for (let i = 0; i < dim; i += 1) margin += (ownStates[first + i] as number) * (at[own + i] as number);
    }
    const [target, weight] = [targets[row] as number, weights[row] as number];
    // log(1 + exp(m)) - t m, without overflow.
    value += weight * (Math.max(margin, 0) + Math.log1p(Math.exp(-Math.abs(margin))) - target * margin);
    const slope = weight * (1 / (1 + Math.exp(-margin)) - target);
    for (let i = 0; i < dim; i += 1)
      gradient[i] = (gradient[i] as number) + slope * (states[first + i] as number);
    if (own > 0)
      for (let i = 0; i < dim; i += 1)
        gradient[own + i] = (gradient[own + i] as number) + slope * (ownStates[first + i] as number);
    gradient[dim] = (gradient[dim] as number) + slope;
    if (own > 0) gradient[own + dim] = (gradient[own + dim] as number) + slope;
  }
  return value;
}

/** Where a smooth convex function is least, from zero. */
function minimize(f: (at: Float64Array, gradient: Float64Array) => number, size: number): Float64Array {
  let at = new Float64Array(size);
  let gradient = new Float64Array(size);
  let value = f(at, gradient);
  const history: { step: Float64Array; change: Float64Array; scale: number }[] = [];
  for (let round = 0; round < MAX_STEPS; round += 1) {
    const direction = directionFrom(gradient, history);
    const descent = dot(direction, gradient);
    if (!(descent < 0)) break;
    let length = history.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const next = new Float64Array(size);
    const nextGradient = new Float64Array(size);
    let nextValue = Infinity;
    for (let halvings = 0; halvings < 30; halvings += 1) {
      for (let i = 0; i < size; i += 1) next[i] = (at[i] as number) + length * (direction[i] as number);
      nextValue = f(next, nextGradient);
      if (nextValue <= value + 1e-4 * length * descent) break;
      length /= 2;
    }
    if (!(nextValue < value)) break;
    const step = next.map((x, i) => x - (at[i] as number));
    const change = nextGradient.map((x, i) => x - (gradient[i] as number));
    const curvature = dot(step, change);
    if (curvature > 1e-12) history.push({ step, change, scale: 1 / curvature });
    if (history.length > MEMORY) history.shift();
    const gain = value - nextValue;
    [at, gradient, value] = [next, nextGradient, nextValue];
    if (gain < TOLERANCE * Math.max(1, Math.abs(value)) * 0.01) break;
  }
  return at;
}

/** The two loops of L-BFGS: minus the gradient times the inverse of the curvature seen so far. */
function directionFrom(
  gradient: Float64Array,
  history: readonly { step: Float64Array; change: Float64Array; scale: number }[],
): Float64Array {
  const direction = gradient.map((x) => -x);
  const shares: number[] = [];
  for (const { step, change, scale } of history.toReversed()) {
    const share = scale * dot(step, direction);
    shares.push(share);
    addTo(direction, change, -share);
  }
  const last = history.at(-1);
  if (last !== undefined) {
    const factor = 1 / (last.scale * dot(last.change, last.change));
    for (let i = 0; i < direction.length; i += 1) direction[i] = (direction[i] as number) * factor;
  }
  for (const { step, change, scale } of history) {
    addTo(direction, step, (shares.pop() ?? 0) - scale * dot(change, direction));
  }
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function addTo(to: Float64Array, what: Float64Array, times: number): void {
  for (let i = 0; i < to.length; i += 1) to[i] = (to[i] as number) + times * (what[i] as number);
}
