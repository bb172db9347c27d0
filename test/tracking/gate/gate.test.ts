import { describe, expect, it } from 'vitest';
import { configSchema, loadConfig } from '../../../src/core/config/index.ts';
import { createRandom } from '../../../src/core/random.ts';
import { decideGate, renderGateReportHtml, type GateInput } from '../../../src/tracking/index.ts';
import { GATE_RULES } from '../../../src/tracking/gate/rules.ts';
import { bootstrapGain, testMcNemar } from '../../../src/tracking/gate/paired-tests.ts';

const defaults = loadConfig({ env: {} }).config.gate;
type Rules = typeof defaults;

/** `rows` rows of label 1 (share 0.6) and 0; each model is wrong on the rows it names. */
function inputOf(
  rows: number,
  wrong: { challenger: number[]; champion: number[] | null },
  rules: Partial<Rules> = {},
): GateInput {
  const labels = Array.from({ length: rows }, (_, row) => (row % 5 < 3 ? 1 : 0));
  const probabilities = (mistakes: number[]) =>
    labels.map((label, row) => ((label === 1) !== mistakes.includes(row) ? 0.8 : 0.2));
  return {
    labels,
    rowDigests: labels.map((_, row) => `row-${row}`),
    segments: { category: labels.map((_, row) => (row < rows / 2 ? 'Books' : 'Toys')) },
    challenger: {
      name: 'candidate head',
      probabilities: probabilities(wrong.challenger),
      trainedOn: new Set(['t-1']),
    },
    champion:
      wrong.champion === null
        ? null
        : { name: 'version 1', probabilities: probabilities(wrong.champion), trainedOn: new Set(['t-2']) },
    rules: { ...defaults, ...rules },
    seed: 1,
  };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("McNemar's test", () => {
  // b = 1, c = 7: Bentur et al. 2009 as worked in Fagerland, Lydersen and Laake 2013, table 6.
  it('gives the published exact and mid-p values', () => {
    const { exactP, midP } = testMcNemar(7, 1);
    expect(exactP).toBeCloseTo(0.0703, 4);
    expect(midP).toBeCloseTo(0.0391, 4);
  });

  // By hand: 2 * (1 + 10 + 45) / 1024; mid-p takes one middle term less.
  it('gives the values computed by hand', () => {
    expect(testMcNemar(2, 8).exactP).toBeCloseTo(112 / 1024, 12);
    expect(testMcNemar(2, 8).midP).toBeCloseTo((112 - 45) / 1024, 12);
  });

  it('finds nothing where nothing differs', () => {
    expect(testMcNemar(0, 0)).toMatchObject({ exactP: 1, midP: 1 });
    expect(testMcNemar(5, 5).exactP).toBe(1);
    expect(testMcNemar(5, 5).midP).toBeLessThan(1);
  });

  it('is the same whoever is better, and stays finite for many rows', () => {
    expect(testMcNemar(30, 12).exactP).toBe(testMcNemar(12, 30).exactP);
    const many = testMcNemar(6000, 5000);
    expect(many.exactP).toBeGreaterThan(0);
    expect(many.exactP).toBeLessThan(1e-20);
  });
});

describe('the bootstrap interval', () => {
  const gains = Int8Array.from({ length: 1000 }, (_, i) => (i < 150 ? 1 : i < 200 ? -1 : 0));

  it('lies around the gain as the normal approximation says', () => {
    const { low, high } = bootstrapGain(gains, 0.95, 7);
    const deviation = Math.sqrt((0.2 - 0.1 ** 2) / 1000);
    expect(low).toBeCloseTo(0.1 - 1.96 * deviation, 2);
    expect(high).toBeCloseTo(0.1 + 1.96 * deviation, 2);
  });

  it('is the same for the same seed', () => {
    expect(bootstrapGain(gains, 0.95, 7)).toEqual(bootstrapGain(gains, 0.95, 7));
    expect(bootstrapGain(gains, 0.95, 8)).not.toEqual(bootstrapGain(gains, 0.95, 7));
  });

  it('covers the true gain about as often as it promises', () => {
    const random = createRandom(11);
    let covered = 0;
    for (let trial = 0; trial < 200; trial += 1) {
      const sample = Int8Array.from({ length: 200 }, () =>
        random.chance(0.2) ? 1 : random.chance(0.125) ? -1 : 0,
      );
      const { low, high } = bootstrapGain(sample, 0.9, trial);
      if (low <= 0.1 && 0.1 <= high) covered += 1;
    }
    expect(covered / 200).toBeGreaterThan(0.83);
    expect(covered / 200).toBeLessThan(0.97);
  });
});

describe('held-out rows whose label evidence leaves open', () => {
  const input = inputOf(100, { challenger: range(0, 10), champion: range(0, 20) });
  const open = (target: number) =>
    decideGate({
      ...input,
      targets: Array.from(input.labels, (label) => (label === 1 ? target : 1 - target)),
    });

  it('count as right by as much as they are, and decide nothing where they tell nothing', () => {
    expect(open(0.8).comparison.challenger.accuracy).toBeCloseTo(0.9 * 0.8 + 0.1 * 0.2, 12);
    expect(open(0.8).comparison.gain).toBeCloseTo(0.6 * decideGate(input).comparison.gain, 12);
    expect(open(0.5).comparison.gain).toBe(0);
    expect(open(0.5).decision).toBe('refuse');
  });
});

describe('gate.value', () => {
  const better = { challenger: range(0, 10), champion: range(0, 11) };
  const figures = { challenger: 0.03, champion: 0.02, choices: 2000, difference: 0.01 };
  const decide = (asked: Rules['value'], value: GateInput['value']) =>
    decideGate({ ...inputOf(100, better, { value: asked }), value });
  const of = (low: number, high: number): GateInput['value'] => ({
    reward: 'clicks',
    because: null,
    figures: { ...figures, low, high },
  });
  const thin = { reward: 'clicks', because: 'not enough evidence, because nobody clicked', figures: null };

  it('off asks nothing', () => {
    expect(decide('off', undefined)).toMatchObject({ decision: 'promote' });
  });

  it.each([
    ['not-worse', of(-0.01, 0.03), 'promote'],
    ['not-worse', of(-0.03, -0.01), 'refuse'],
    ['not-worse', thin, 'promote'],
    ['better', of(0.001, 0.03), 'promote'],
    ['better', of(-0.01, 0.03), 'refuse'],
    ['better', thin, 'refuse'],
  ] as const)('%s: %o is a reason to %s', (asked, value, decision) => {
    expect(decide(asked, value).decision).toBe(decision);
  });

  it('is named in the objection and shown on the page', () => {
    const report = decide('better', of(-0.01, 0.03));
    expect(report.reasons[0]).toMatch(/1\.00 points of clicks \(-1\.00 points to 3\.00 points at any look/);
    expect(renderGateReportHtml(report)).toContain('What it would have earned more');
    expect(decide('better', thin).reasons[0]).toContain('because nobody clicked');
  });
});

describe('the gate', () => {
  it('promotes what is strictly better', () => {
    const report = decideGate(inputOf(100, { challenger: range(0, 10), champion: range(0, 11) }));
    expect(report.decision).toBe('promote');
    expect(report.comparison).toMatchObject({
      rows: 100,
      gain: 0.01,
      baselineKind: 'champion',
      leakedRows: 0,
    });
    expect(report.comparison.challenger.accuracy).toBe(0.9);
    expect(report.reasons.join()).toContain('candidate head is right on 90.00 %');
  });

  it.each([
    ['equal', range(0, 10), range(0, 10)],
    ['equal with other mistakes', range(0, 10), range(20, 30)],
    ['worse', range(0, 11), range(0, 10)],
  ])('refuses what is %s', (_, challenger, champion) => {
    const report = decideGate(inputOf(100, { challenger, champion }));
    expect(report.decision).toBe('refuse');
    expect(report.reasons[0]).toContain('more than 0.00 points is needed');
  });

  it('asks for more than the minimum gain', () => {
    const wrong = { challenger: range(0, 10), champion: range(0, 12) };
    expect(decideGate(inputOf(100, wrong, { minimumGain: 0.02 })).decision).toBe('refuse');
    expect(decideGate(inputOf(100, wrong, { minimumGain: 0.019 })).decision).toBe('promote');
  });

  it('refuses a holdout that is too small', () => {
    const report = decideGate(inputOf(49, { challenger: [], champion: range(0, 20) }));
    expect(report.decision).toBe('refuse');
    expect(report.reasons[0]).toBe('The holdout is too small: 49 rows, gate.minimumHoldoutRows asks for 50.');
    expect(decideGate(inputOf(0, { challenger: [], champion: [] })).decision).toBe('refuse');
  });

  it.each(['challenger', 'champion'] as const)('refuses a holdout that the %s was trained on', (side) => {
    const input = inputOf(100, { challenger: [], champion: range(0, 20) });
    const model = input[side];
    if (model === null) throw new Error('no model');
    const report = decideGate({ ...input, [side]: { ...model, trainedOn: new Set(['row-7', 'row-8']) } });
    expect(report.decision).toBe('refuse');
    expect(report.reasons[0]).toContain('2 of its 100 rows were trained on');
  });

  it('asks the first model to beat the majority class', () => {
    expect(decideGate(inputOf(100, { challenger: range(0, 40), champion: null })).decision).toBe('refuse');
    const report = decideGate(inputOf(100, { challenger: range(0, 39), champion: null }));
    expect(report.decision).toBe('promote');
    expect(report.comparison.baseline).toMatchObject({ accuracy: 0.6, logLoss: null });
  });

  it('asks for significance when configured', () => {
    const significance = { enabled: true, alpha: 0.05 };
    const lucky = inputOf(100, { challenger: range(0, 8), champion: range(0, 10) }, { significance });
    expect(decideGate(lucky).decision).toBe('refuse');
    expect(decideGate(lucky).reasons.join()).toContain("McNemar's mid-p is");
    const clear = inputOf(100, { challenger: range(0, 8), champion: range(0, 20) }, { significance });
    expect(decideGate(clear).decision).toBe('promote');
  });

  it('reports the tests also when they are not required', () => {
    const { comparison } = decideGate(inputOf(100, { challenger: range(0, 8), champion: range(0, 10) }));
    expect(comparison.mcnemar).toMatchObject({ challengerOnly: 2, baselineOnly: 0, exactP: 0.5 });
    expect(comparison.bootstrap.low).toBeLessThanOrEqual(0.02);
    expect(comparison.bootstrap.high).toBeGreaterThanOrEqual(0.02);
  });

  it('refuses a segment that becomes worse, when configured', () => {
    const segments = { enabled: true, tolerance: 0.02, minimumRows: 30 };
    const wrong = { challenger: range(0, 5), champion: range(80, 100) };
    expect(decideGate(inputOf(100, wrong)).decision).toBe('promote');
    const report = decideGate(inputOf(100, wrong, { segments }));
    expect(report.decision).toBe('refuse');
    expect(report.reasons[0]).toContain('category Books becomes worse: 90.00 % after 100.00 % on 50 rows');
    const few = { ...segments, minimumRows: 51 };
    expect(decideGate(inputOf(100, wrong, { segments: few })).decision).toBe('promote');
  });

  it('names every rule that is not met', () => {
    const input = inputOf(40, { challenger: range(0, 5), champion: [] });
    const report = decideGate({
      ...input,
      challenger: { ...input.challenger, trainedOn: new Set(['row-1']) },
    });
    expect(report.reasons).toHaveLength(4);
  });

  it('leaves a won gate to a person when approval is required', () => {
    const wrong = { challenger: range(0, 5), champion: range(0, 9) };
    expect(decideGate(inputOf(100, wrong, { approval: 'required' })).decision).toBe('pending-approval');
    expect(decideGate(inputOf(100, { ...wrong, champion: [] }, { approval: 'required' })).decision).toBe(
      'refuse',
    );
  });

  it('lets a won gate be tried on a share of the traffic only where no person is asked', () => {
    const input = (approval: 'none' | 'required', champion: number[] | null = range(0, 9)) => ({
      ...inputOf(100, { challenger: range(0, 5), champion }, { approval }),
      takesTrial: true,
    });
    expect(decideGate(input('none')).decision).toBe('canary');
    expect(decideGate(input('required')).decision).toBe('pending-approval');
    expect(decideGate(input('none', [])).decision).toBe('refuse');
    // Against no champion there is nothing to be tried against.
    expect(decideGate(input('none', null)).decision).toBe('promote');
  });

  it('takes no model that gives something else than probabilities', () => {
    const input = inputOf(60, { challenger: [], champion: null });
    const broken = {
      ...input.challenger,
      probabilities: input.labels.length === 60 ? Array(60).fill(Number.NaN) : [],
    };
    expect(() => decideGate({ ...input, challenger: broken })).toThrow('not a probability');
  });

  it('writes a page that shows the decision and escapes names', () => {
    const input = inputOf(100, { challenger: range(0, 5), champion: range(0, 9) });
    const report = decideGate({
      ...input,
      challenger: { ...input.challenger, name: '<script>alert(1)</script>' },
    });
    const html = renderGateReportHtml(report);
    expect(html).toContain('<title>Gate: Promoted</title>');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toContain('<script>');
    expect(html).toContain('95.00 %');
  });

  it('shows what the challenger gains over every earlier version, where that is known', () => {
    const report = decideGate(inputOf(100, { challenger: [1, 2, 3, 4, 5], champion: null }));
    const html = renderGateReportHtml(report, [
      { version: 2, accuracy: 0.9 },
      { version: 1, accuracy: null },
    ]);
    expect(html).toContain('<tr><td>2</td><td>90.00 %</td><td>5.00 %</td></tr>');
    expect(html).toContain('<tr><td>1</td><td>not known</td><td></td></tr>');
    expect(renderGateReportHtml(report)).not.toContain('Earlier versions');
  });
});

describe('the list of rules', () => {
  it('reads options that a run stored before a rule with options of its own was added', () => {
    const stored = {
      minimumGain: 0,
      minimumHoldoutRows: 50,
      significance: { enabled: false, alpha: 0.05 },
      segments: { enabled: false, tolerance: 0.02, minimumRows: 30 },
      approval: 'none',
    };
    expect(configSchema.shape.gate.parse(stored)).toMatchObject(stored);
  });

  it('gives each rule a name of its own', () => {
    const names = GATE_RULES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
