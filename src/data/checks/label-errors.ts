/**
 * Labels that are probably wrong, by confident learning (Northcutt, Jiang, Chuang 2021,
 * https://arxiv.org/abs/1911.00068), pruned by noise rate: of each given label as many rows as the counts of
 * confident rows say, those first whose probability speaks most against it.
 */
const TOLERANCE = 1e-6;

/**
 * @param labels 0 or 1 of each row
 * @param probabilities out of fold, that the label is 1
 * @returns places of the suspected rows, the most certain error first
 */
export function findLabelErrors(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number[] {
  const rows = labels.length;
  const own = (row: number): number => probabilityOf(labels[row] as number, probabilities[row] as number);
  const sums = [0, 0];
  const counts = [0, 0];
  for (let row = 0; row < rows; row += 1) {
    const label = labels[row] as 0 | 1;
    counts[label] = (counts[label] ?? 0) + 1;
    sums[label] = (sums[label] ?? 0) + own(row);
  }
  const [zeros = 0, ones = 0] = counts;
  if (zeros === 0 || ones === 0) return [];
  /** What a row of the label is given on average: what reaches it is sure of that label. */
  const sure = [(sums[0] ?? 0) / zeros, (sums[1] ?? 0) / ones];
  /** Rows of a given label, by the label that they are sure of. */
  const joint = [
    [0, 0],
    [0, 0],
  ] as [[number, number], [number, number]];
  for (let row = 0; row < rows; row += 1) {
    const one = probabilities[row] as number;
    const isSureOf = [1 - one >= (sure[0] ?? 0) - TOLERANCE, one >= (sure[1] ?? 0) - TOLERANCE];
    if (!isSureOf[0] && !isSureOf[1]) continue;
    const guess = isSureOf[0] && isSureOf[1] ? (one > 0.5 ? 1 : 0) : isSureOf[1] ? 1 : 0;
    joint[labels[row] as 0 | 1][guess] += 1;
  }
  const found = ([0, 1] as const).flatMap((label) => {
    const cells = joint[label];
    cells[label] = Math.max(1, cells[label]);
    const scale = (counts[label] ?? 0) / (cells[0] + cells[1]);
    const wrong = roundPair(cells[0] * scale, cells[1] * scale)[label === 0 ? 1 : 0];
    const given: number[] = [];
    for (let row = 0; row < rows; row += 1) if (labels[row] === label) given.push(row);
    // Whatever the counts say: a row that the probabilities do not contradict is none.
    return given
      .toSorted((a, b) => own(a) - own(b) || a - b)
      .slice(0, Math.min(wrong, given.length - 1))
      .filter((row) => own(row) < 0.5 || (label === 1 && own(row) === 0.5));
  });
  return found.toSorted((a, b) => own(a) - own(b) || a - b);
}

function probabilityOf(label: number, one: number): number {
  return label === 1 ? one : 1 - one;
}

/**
 * Both rounded so that their sum stays; halves as the reference has them, so that counts are equal to its.
 */
function roundPair(a: number, b: number): [number, number] {
  const pair: [number, number] = [roundHalfToEven(a), roundHalfToEven(b)];
  const off = pair[0] + pair[1] - Math.round(a + b);
  if (off > 0) pair[0] -= 1;
  if (off < 0) pair[1] += 1;
  return pair;
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (Math.abs(value - floor - 0.5) > 1e-9) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
