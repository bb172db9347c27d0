/**
 * What holds of the gate whatever the models and the rows are, and its tests beside the values that SciPy
 * gives.
 */
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/core/config/index.ts';
import { createRandom } from '../../../src/core/random.ts';
import { decideGate, type GateInput } from '../../../src/tracking/index.ts';
import { bootstrapGain, testMcNemar } from '../../../src/tracking/gate/paired-tests.ts';

const defaults = loadConfig({ env: {} }).config.gate;
const CASES = 60;

/** Labels, segments and two models drawn at random; the second differs from the first on some rows. */
function drawInput(seed: number): GateInput & { champion: NonNullable<GateInput['champion']> } {
  const random = createRandom(seed);
  const rows = 20 + random.below(300);
  const labels = Array.from({ length: rows }, () => (random.chance(0.6) ? 1 : 0));
  const champion = labels.map((label) => {
    const sure = 0.5 + random.next() / 2;
    return random.chance(0.75) === (label === 1) ? sure : 1 - sure;
  });
  const share = random.next() / 2;
  const challenger = champion.map((p) => (random.chance(share) ? random.next() : p));
  const pick = (names: string[]) => labels.map(() => names[random.below(names.length)] ?? '');
  return {
    labels,
    rowDigests: labels.map((_, row) => `row-${row}`),
    segments: { category: pick(['Books', 'Toys', 'Home']), textLength: pick(['short', 'long']) },
    challenger: { name: 'candidate', probabilities: challenger, trainedOn: new Set() },
    champion: { name: 'version 1', probabilities: champion, trainedOn: new Set() },
    rules: {
      ...defaults,
      minimumGain: random.chance(0.5) ? 0 : 0.02,
      significance: { enabled: random.chance(0.5), alpha: 0.1 },
      segments: { enabled: random.chance(0.5), tolerance: 0.02, minimumRows: 10 },
    },
    seed,
  };
}

const inputs = Array.from({ length: CASES }, (_, seed) => drawInput(seed + 1));

describe('the gate, of whatever rows and models', () => {
  it('never promotes a model over its equal, nor over one that is right on the same number of rows', () => {
    for (const input of inputs) {
      const twin = { ...input.champion, name: 'twin' };
      expect(decideGate({ ...input, challenger: twin }).decision).toBe('refuse');
      // The mistakes of the champion, each moved to another row.
      const moved = input.labels as number[];
      const right = moved.map(
        (label, row) => (input.champion.probabilities[row] ?? 0) >= 0.5 === (label === 1),
      );
      const rotated = [...right.slice(1), right[0] ?? false];
      const probabilities = moved.map((label, row) => (rotated[row] === (label === 1) ? 0.9 : 0.1));
      const report = decideGate({ ...input, challenger: { ...twin, probabilities } });
      expect(report.comparison.gain).toBe(0);
      expect(report.decision).toBe('refuse');
    }
  });

  it('promotes only what gains more than it asks for, and does so for some', () => {
    const reports = inputs.map((input) => decideGate(input));
    for (const { decision, comparison, rules } of reports)
      if (decision === 'promote') expect(comparison.gain).toBeGreaterThan(rules.minimumGain);
    expect(reports.some(({ decision }) => decision === 'promote')).toBe(true);
    expect(reports.some(({ decision }) => decision === 'refuse')).toBe(true);
  });

  it('never promotes both of two models over each other', () => {
    for (const input of inputs) {
      const swapped = { ...input, challenger: input.champion, champion: input.challenger };
      const both = [decideGate(input), decideGate(swapped)];
      expect(both.filter(({ decision }) => decision === 'promote').length).toBeLessThan(2);
      expect((both[0]?.comparison.gain ?? 1) + (both[1]?.comparison.gain ?? 1)).toBe(0);
      expect(both[0]?.comparison.mcnemar.exactP).toBe(both[1]?.comparison.mcnemar.exactP);
    }
  });

  it('finds the same whatever the order of the rows', () => {
    for (const input of inputs) {
      const order = createRandom(input.seed).shuffle(Array.from(input.labels, (_, row) => row));
      const reorder = <T>(values: ArrayLike<T>): T[] => order.map((row) => values[row] as T);
      const model = (of: typeof input.challenger) => ({ ...of, probabilities: reorder(of.probabilities) });
      const other = decideGate({
        ...input,
        labels: reorder(input.labels),
        rowDigests: reorder(input.rowDigests),
        segments: Object.fromEntries(
          Object.entries(input.segments).map(([name, values]) => [name, reorder(values)]),
        ),
        challenger: model(input.challenger),
        champion: model(input.champion),
      });
      const one = decideGate(input);
      expect(other.decision).toBe(one.decision);
      expect(other.comparison.gain).toBe(one.comparison.gain);
      expect(other.comparison.mcnemar).toEqual(one.comparison.mcnemar);
      expect(other.comparison.segments).toEqual(one.comparison.segments);
    }
  });

  it('refuses as soon as one row was trained on, by whichever model, and whatever else holds', () => {
    for (const input of inputs)
      for (const side of ['challenger', 'champion'] as const) {
        const leaked = { ...input[side], trainedOn: new Set([input.rowDigests.at(-1) ?? '']) };
        const report = decideGate({ ...input, [side]: leaked });
        expect(report.decision).toBe('refuse');
        expect(report.reasons[0]).toContain('The holdout is leaked: 1 of its');
      }
  });

  it('judges every segmentation: none that it promotes has a segment that became worse', () => {
    const segments = { enabled: true, tolerance: 0.02, minimumRows: 10 };
    let refusedByLength = 0;
    for (const input of inputs) {
      const { decision, comparison, reasons } = decideGate({ ...input, rules: { ...defaults, segments } });
      expect(new Set(comparison.segments.map((one) => one.segmentation))).toEqual(
        new Set(['category', 'textLength']),
      );
      const worse = comparison.segments.filter(
        (one) =>
          one.rows >= segments.minimumRows &&
          one.baselineAccuracy - one.challengerAccuracy > segments.tolerance,
      );
      if (decision === 'promote') expect(worse).toEqual([]);
      for (const { segmentation, value } of worse)
        expect(reasons.join()).toContain(`${segmentation} ${value} becomes worse`);
      refusedByLength += worse.filter((one) => one.segmentation === 'textLength').length;
    }
    expect(refusedByLength).toBeGreaterThan(0);
  });

  it('refuses more, never less, when a rule is added', () => {
    for (const input of inputs) {
      const strict = {
        ...input.rules,
        minimumGain: 0.02,
        significance: { enabled: true, alpha: 0.05 },
        segments: { enabled: true, tolerance: 0, minimumRows: 1 },
      };
      const lenient = decideGate({ ...input, rules: { ...defaults, minimumHoldoutRows: 1 } });
      if (decideGate({ ...input, rules: strict }).decision === 'promote')
        expect(lenient.decision).toBe('promote');
    }
  });
});

describe('the paired tests beside SciPy', () => {
  // scipy.stats.binomtest(b, b + c, 0.5).pvalue, and 2 cdf(min) - pmf(min) of binom(b + c, 0.5).
  it.each([
    [1, 0, 1.0, 0.5],
    [3, 1, 0.625, 0.375],
    [7, 1, 0.0703125, 0.0390625],
    [12, 5, 0.143463134765625, 0.09625244140625],
    [30, 12, 0.007915897334896727, 0.0054015726545912895],
    [121, 59, 4.4344492637551645e-6, 3.2666467957745733e-6],
    [1000, 900, 0.023108845108901193, 0.021791499253713553],
  ])('give the same p for %d against %d', (challengerOnly, baselineOnly, exactP, midP) => {
    const found = testMcNemar(challengerOnly, baselineOnly);
    expect(found.exactP / exactP).toBeCloseTo(1, 9);
    expect(found.midP / midP).toBeCloseTo(1, 9);
  });

  // scipy.stats.bootstrap((gains,), mean, method='percentile', n_resamples=20000), SciPy 1.17.1: rows,
  // gained, lost, level, interval.
  it.each([
    [1000, 150, 50, 0.95, 0.073, 0.127],
    [1000, 150, 50, 0.8, 0.082, 0.118],
    [400, 30, 28, 0.95, -0.0325, 0.0425],
    [5000, 60, 20, 0.99, 0.0034, 0.0128],
    [60, 10, 2, 0.9, 0.05, 0.23333],
  ])(
    'give the same interval for %d rows, %d gained and %d lost, at %d',
    (rows, up, down, level, low, high) => {
      const gains = Int8Array.from({ length: rows }, (_, row) => (row < up ? 1 : row < up + down ? -1 : 0));
      const found = bootstrapGain(gains, level, 3);
      const noise = (high - low) / 10;
      expect(Math.abs(found.low - low)).toBeLessThan(noise + 1 / rows);
      expect(Math.abs(found.high - high)).toBeLessThan(noise + 1 / rows);
    },
  );
});
