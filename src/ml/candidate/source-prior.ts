/**
 * What the records of the source say of weights that nothing was told about. In the directions in which whole
 * records differ most, texts differ by their products, which no text can be chosen by; what a choice turns on
 * is wording, and it varies less. So a field's own weights are held the tighter the more a direction varies
 * over the source: their prior's covariance is that of the source's states, inverted.
 *
 * The inverse is never formed: with S = L L' (Cholesky), weights w = L'^-1 v have it where v is isotropic,
 * and w x = v (L^-1 x). So a regression on L^-1 x is all that is needed.
 */

export interface SourcePrior {
  /** L^-1 x of each row: [rows, dim]. */
  shape(states: Float32Array): Float32Array;
  /** The weights on states that weights on shaped states stand for; a bias behind them stays. */
  restore(weights: Float64Array): Float64Array;
}

/** Of the mean variance, added to each: the source has few rows, or none in some directions. */
const RIDGE = 0.1;
/** A covariance needs no more rows than this. */
const MAX_ROWS = 4000;

/**
 * @param states standardised: [rows, dim]
 * @param source rows of the source; without two of them the prior is isotropic
 * @returns scaled so that the variances of weights are 1 on average
 */
export function createSourcePrior(states: Float32Array, dim: number, source: readonly number[]): SourcePrior {
  const factor = factorise(covarianceOf(states, dim, source), dim);
  if (factor === undefined) return { shape: (rows) => rows, restore: (weights) => weights };
  const size = scaleOf(factor, dim);
  return {
    shape: (rows) => {
      const shaped = new Float32Array(rows.length);
      const x = new Float64Array(dim);
      for (let first = 0; first < rows.length; first += dim) {
        for (let i = 0; i < dim; i += 1) x[i] = rows[first + i] as number;
        solveForward(factor, x);
        for (let i = 0; i < dim; i += 1) shaped[first + i] = (x[i] as number) / size;
      }
      return shaped;
    },
    restore: (weights) => {
      const restored = weights.slice();
      for (let i = dim - 1; i >= 0; i -= 1) {
        let sum = restored[i] as number;
        for (let j = i + 1; j < dim; j += 1) sum -= (factor[j * dim + i] as number) * (restored[j] as number);
        restored[i] = sum / (factor[i * dim + i] as number);
      }
      for (let i = 0; i < dim; i += 1) restored[i] = (restored[i] as number) / size;
      return restored;
    },
  };
}

/** Lower triangle: [dim, dim]. */
function covarianceOf(states: Float32Array, dim: number, source: readonly number[]): Float64Array {
  const every = Math.ceil(source.length / MAX_ROWS);
  const rows = source.filter((_, i) => i % every === 0);
  const mean = new Float64Array(dim);
  for (const row of rows)
    for (let i = 0; i < dim; i += 1)
      mean[i] = (mean[i] as number) + (states[row * dim + i] as number) / rows.length;
  const covariance = new Float64Array(dim * dim);
  const x = new Float64Array(dim);
  for (const row of rows) {
    for (let i = 0; i < dim; i += 1) x[i] = (states[row * dim + i] as number) - (mean[i] as number);
    for (let i = 0; i < dim; i += 1) {
      const share = (x[i] as number) / rows.length;
      for (let j = 0; j <= i; j += 1)
        covariance[i * dim + j] = (covariance[i * dim + j] as number) + share * (x[j] as number);
    }
  }
  return covariance;
}

/** Cholesky's factor, in place; undefined where nothing varies. */
function factorise(matrix: Float64Array, dim: number): Float64Array | undefined {
  let trace = 0;
  for (let i = 0; i < dim; i += 1) trace += matrix[i * dim + i] as number;
  if (!(trace > 1e-9)) return undefined;
  for (let i = 0; i < dim; i += 1) {
    matrix[i * dim + i] = (matrix[i * dim + i] as number) + (RIDGE * trace) / dim;
    for (let j = 0; j <= i; j += 1) {
      let sum = matrix[i * dim + j] as number;
      for (let k = 0; k < j; k += 1) sum -= (matrix[i * dim + k] as number) * (matrix[j * dim + k] as number);
      matrix[i * dim + j] = i === j ? Math.sqrt(sum) : sum / (matrix[j * dim + j] as number);
    }
  }
  return matrix;
}

/** x becomes L^-1 x. */
function solveForward(factor: Float64Array, x: Float64Array, first = 0): void {
  for (let i = first; i < x.length; i += 1) {
    let sum = x[i] as number;
    for (let j = first; j < i; j += 1) sum -= (factor[i * x.length + j] as number) * (x[j] as number);
    x[i] = sum / (factor[i * x.length + i] as number);
  }
}

/**
 * Root of the mean variance that weights would have: the diagonal of (L L')^-1 is what columns of L^-1 hold.
 */
function scaleOf(factor: Float64Array, dim: number): number {
  let sum = 0;
  for (let column = 0; column < dim; column += 1) {
    const x = new Float64Array(dim);
    x[column] = 1;
    solveForward(factor, x, column);
    for (const value of x) sum += value * value;
  }
  return Math.sqrt(sum / dim);
}
