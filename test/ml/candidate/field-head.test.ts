/** Heads of rows that name the fields of their texts: what pleases in one field need not in another. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { findTellable, fitFieldHead, listFields } from '../../../src/ml/candidate/field-head.ts';
import { fitFieldRegression, marginOf } from '../../../src/ml/candidate/field-regression.ts';
import { createSourcePrior } from '../../../src/ml/candidate/source-prior.ts';
import { trainHead } from '../../../src/ml/candidate/head.ts';
import { headMargins } from '../../../src/ml/candidate/head-network.ts';
import { sigmoid } from '../../../src/ml/scoring/index.ts';
import { labelled, tinyContext } from '../tiny-context.ts';

const DIM = 12;
const FIELDS = ['ad_copy', 'x.text'];

/**
 * Two fields and rows of none: the first state is what the fields see differently, the second what all see
 * alike, the last two tell the fields apart as their names before the texts do.
 */
function drawRows(count: number, seed: number, perField = 1) {
  const random = createRandom(seed);
  const states = new Float32Array(count * DIM);
  const fields: (string | undefined)[] = [];
  const labels: (0 | 1)[] = [];
  for (let row = 0; row < count; row += 1) {
    const field = [...FIELDS, undefined][row % 3];
    const at = (i: number): number => states[row * DIM + i] ?? 0;
    for (let i = 0; i < DIM; i += 1) states[row * DIM + i] = 2 * random.next() - 1;
    states[row * DIM + DIM - 1] = field === 'ad_copy' ? 1.5 : -1.5;
    states[row * DIM + DIM - 2] = field === 'x.text' ? 1.5 : -1.5;
    const own = field === 'ad_copy' ? at(0) : field === 'x.text' ? -at(0) : 0;
    labels.push(random.chance(sigmoid(6 * (perField * own + at(1)))) ? 1 : 0);
    fields.push(field);
  }
  const rows = { texts: labels.map(String), labels, weights: labels.map(() => 1), fields };
  return { states, rows };
}

describe('a regression by fields', () => {
  const { states, rows } = drawRows(3000, 1);
  const indices = rows.fields.map((field) => FIELDS.indexOf(field ?? ''));
  const input = {
    states,
    dim: DIM,
    targets: rows.labels,
    weights: rows.weights,
    fields: indices,
    fieldCount: 2,
  };

  it('learns what all fields share and what each sees its own way', () => {
    const { shared, byField } = fitFieldRegression(input, { shared: 1, field: 1 });
    expect(shared[1]).toBeGreaterThan(3);
    expect(Math.abs(shared[0] ?? Number.NaN)).toBeLessThan(1.5);
    expect(byField[0]?.[0]).toBeGreaterThan(3);
    expect(byField[1]?.[0]).toBeLessThan(-3);
  });

  it('ends where no direction makes the posterior likelier', () => {
    const precisions = { shared: 10, field: 20 };
    const found = fitFieldRegression(input, precisions);
    const loss = (move: number): number => {
      const shared = found.shared.map((weight, i) => (i === 1 ? weight + move : weight));
      const fit = rows.labels.reduce<number>((sum, label, row) => {
        const margin = marginOf(states, row, indices[row] ?? -1, { ...found, shared });
        return sum + Math.log1p(Math.exp(label === 1 ? -margin : margin));
      }, 0);
      return fit + (precisions.shared / 2) * (shared[1] ?? 0) ** 2;
    };
    expect(loss(0.05)).toBeGreaterThan(loss(0));
    expect(loss(-0.05)).toBeGreaterThan(loss(0));
  });
});

describe('the prior that a source gives', () => {
  const dim = 3;
  const random = createRandom(4);
  // The first state varies by ten deviations, the other two by one; these two go together.
  const states = Float32Array.from({ length: 300 * dim }, () => 0);
  for (let first = 0; first < states.length; first += dim) {
    const shared = random.normal();
    states.set([10 * random.normal(), shared, shared + 0.1 * random.normal()], first);
  }
  const rows = Array.from({ length: 300 }, (_, row) => row);

  it('gives a margin on shaped states by the weights that it restores, on states as they are', () => {
    const prior = createSourcePrior(states, dim, rows);
    const weights = Float64Array.of(0.3, -1, 2, 7);
    const shaped = prior.shape(states);
    const restored = prior.restore(weights);
    for (const row of [0, 150, 299])
      expect(marginOf(states, row, -1, { shared: restored, byField: [] })).toBeCloseTo(
        marginOf(shaped, row, -1, { shared: weights, byField: [] }),
        4,
      );
  });

  it('holds weights tighter where the source varies more, and lets their variances be 1 on average', () => {
    const prior = createSourcePrior(states, dim, rows);
    // Columns of the restoring matrix: their outer products are the covariance.
    const columns = [0, 1, 2].map((i) =>
      prior.restore(Float64Array.from([0, 1, 2, 3], (j) => (i === j ? 1 : 0))),
    );
    const variances = [0, 1, 2].map((i) => columns.reduce((sum, column) => sum + (column[i] ?? 0) ** 2, 0));
    expect(variances.reduce((sum, variance) => sum + variance, 0) / dim).toBeCloseTo(1, 6);
    expect(variances[0]).toBeLessThan(0.2 * (variances[1] ?? 0));
  });

  it('is isotropic where there is no source or its rows are all the same', () => {
    for (const [source, of] of [
      [[], states],
      [rows, new Float32Array(states.length).fill(2)],
    ] as const)
      expect(createSourcePrior(of, dim, source).shape(states)).toEqual(states);
  });
});

describe('a head of fields', () => {
  const learned = drawRows(3000, 1);
  const later = drawRows(600, 2);
  const head = fitFieldHead(learned.rows, learned.states, DIM, FIELDS);

  it('answers rows that it has not seen as their fields do, by the states alone', () => {
    const margins = headMargins(head, later.states, DIM);
    const right = later.rows.labels.filter((label, row) => (margins[row] ?? 0) > 0 === (label === 1));
    expect(right.length / later.rows.labels.length).toBeGreaterThan(0.8);
  });

  it('takes one text for good in one field and for bad in another', () => {
    const text = new Float32Array(2 * DIM);
    for (const row of [0, 1]) text[row * DIM] = 1;
    text.set([-1.5, 1.5], DIM - 2);
    text.set([1.5, -1.5], 2 * DIM - 2);
    const [inAds = 0, onX = 0] = headMargins(head, text, DIM);
    expect(inAds).toBeGreaterThan(0.5);
    expect(onX).toBeLessThan(-0.5);
  });

  it('goes by the weights of a field with few rows for texts of it that it was not fitted to', () => {
    const dim = 150;
    const random = createRandom(3);
    // Liked by the first state in the field, and by nothing elsewhere; the last one tells the field, blurred.
    const drawTexts = (count: number, field: string | undefined) => {
      const states = Float32Array.from({ length: count * dim }, () => 2 * random.next() - 1);
      for (let row = 1; row <= count; row += 1)
        states[row * dim - 1] = (states[row * dim - 1] ?? 0) + (field === undefined ? -1.3 : 1.3);
      const labels = Array.from({ length: count }, (_, row) => ((states[row * dim] ?? 0) > 0 ? 1 : 0));
      return { states, labels, fields: labels.map(() => field) };
    };
    const [few, many, later] = [
      drawTexts(40, 'ad_copy'),
      drawTexts(800, undefined),
      drawTexts(400, 'ad_copy'),
    ];
    const labels = [...few.labels, ...many.labels.map(() => (random.chance(0.5) ? 1 : 0))] as (0 | 1)[];
    const rows = {
      texts: labels.map(String),
      labels,
      weights: labels.map(() => 1),
      fields: [...few.fields, ...many.fields],
    };
    const states = Float32Array.from([...few.states, ...many.states]);
    const margins = headMargins(fitFieldHead(rows, states, dim, ['ad_copy']), later.states, dim);
    // What the gate must let through whole: the weights of the field and what it shares with the others.
    const source = rows.fields.flatMap((field, row) => (field === undefined ? [row] : []));
    const prior = createSourcePrior(states, dim, source);
    const own = prior.shape(states);
    for (const row of source) own.set(states.subarray(row * dim, (row + 1) * dim), row * dim);
    const taught = { states, own, dim, targets: labels, weights: rows.weights, fieldCount: 2 };
    const fields = rows.fields.map((field) => (field === undefined ? 1 : 0));
    const fitted = fitFieldRegression({ ...taught, fields }, { shared: dim / 2, field: dim / 16 });
    const exact = { ...fitted, byField: fitted.byField.map(prior.restore) };
    const off = later.labels.filter(
      (_, row) => Math.abs((margins[row] ?? 0) - marginOf(later.states, row, 0, exact)) > 0.02,
    );
    expect(off.length / later.labels.length).toBeLessThan(0.05);
  });

  it('has weights for no field that the states do not tell from the others', () => {
    const { rows, states } = learned;
    const blurred = states.map((value, i) => (i % DIM === DIM - 1 ? 1 : value));
    expect(findTellable(rows, states, DIM, FIELDS)).toEqual(FIELDS);
    expect(findTellable(rows, blurred, DIM, FIELDS)).toEqual(['x.text']);
  });

  it('gives weights of their own to fields of twenty rows and more', () => {
    const fields = [
      ...Array.from({ length: 20 }, () => 'x.text'),
      ...Array.from({ length: 19 }, () => 'sms.text'),
    ];
    const rows = {
      texts: fields,
      labels: fields.map(() => 1 as const),
      weights: fields.map(() => 1),
      fields,
    };
    expect(listFields(rows, DIM)).toEqual(['x.text']);
  });
});

describe('the recipe head', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-field-head-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is fitted by fields where rows name them, refits on all rows, and is a head as any other', async () => {
    const rows = Array.from({ length: 60 }, (_, i) =>
      i % 2 === 0 ? (['lovely soft lamp', 1] as const) : (['broken cheap lamp', 0] as const),
    );
    const named = { ...labelled(rows), fields: rows.map(() => 'ad_copy') };
    const context = await tinyContext(folder, { trainer: 'head' }, { train: named, validation: named });
    const trained = await trainHead(context);
    expect(trained.facts).toMatchObject({ backend: 'regression', fields: 'ad_copy' });
    expect(trained.epochs.at(-1)?.validation.accuracy).toBe(1);
    const again = await trainHead(context);
    expect(again.weights.get('pre_classifier.weight')).toEqual(trained.weights.get('pre_classifier.weight'));
    const refit = await trained.refit?.();
    expect([...(refit?.weights.keys() ?? [])]).toEqual([...trained.weights.keys()]);
  });
});
