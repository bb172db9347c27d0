/**
 * The head of rows that name the fields of their texts: a regression with weights of each field's own
 * (field-regression.ts), written as the two layers of the head, so that it is the same DistilBERT to whoever
 * loads it.
 *
 *   unit 0           what all rows share: ReLU(w x + s), with s so large that it is linear
 *   two of a field   ReLU(d x + g(x)) - ReLU(g(x)): what the field differs by, d x, where the gate g says
 *                    that the text is of the field, and 0 where it says that it is not
 *
 * The gate is a regression too: the name of its field stands before every text (core/classifier-text.ts).
 */
import { fitFieldRegression, marginOf, type FieldRows, type FieldWeights } from './field-regression.ts';
import type { HeadWeights } from './head-network.ts';
import { createSourcePrior } from './source-prior.ts';
import type { LabelledTexts } from './trainer.ts';

/**
 * Variances of a margin before anything was told: by what all rows share, and by what a field or the source
 * adds. What pleases in one field is a hint of what pleases in another, no more (npm run bench:loop).
 */
const SHARED_VARIANCE = 2;
const OWN_VARIANCE = 16;
/** A field's name tells it from the others nearly for sure. */
const GATE_VARIANCE = 40;
/** A field is told from the others by at least so many rows. */
const LEAST_ROWS = 20;
/** Texts to come may reach further than those that were learned from. */
const HEADROOM = 2;
/** Share of the texts that the gate's scale is not led by. */
const OUTLIERS = 0.02;
/**
 * Where between the others and its own texts a gate begins to open. Nearer to the others: it was fitted to
 * its own few texts, and would be shut to others of its field that lie a little further out.
 */
const AJAR = 0.1;

/** Fields that have rows enough for weights of their own, those with most rows first. */
export function listFields({ fields }: LabelledTexts, dim: number): string[] {
  const counts = new Map<string, number>();
  for (const field of fields ?? []) if (field !== undefined) counts.set(field, (counts.get(field) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count >= LEAST_ROWS)
    .toSorted(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .slice(0, Math.floor((dim - 1) / 2))
    .map(([field]) => field);
}

/**
 * Those of the fields that the states tell from all else: of what an encoder does not see, nothing can be
 * learned beside the rest.
 * @param states standardised: [rows, dim]
 */
export function findTellable(
  rows: LabelledTexts,
  states: Float32Array,
  dim: number,
  names: readonly string[],
): string[] {
  const taught = toFieldRows(rows, states, dim, names);
  return names.filter((_, field) => {
    const opened = openedBy(fitGate(taught, field), taught, field);
    return (opened.toSorted((a, b) => a - b)[Math.floor(OUTLIERS * opened.length)] ?? 0) > 0;
  });
}

/** @param states standardised: [rows, dim] */
export function fitFieldHead(
  rows: LabelledTexts,
  states: Float32Array,
  dim: number,
  names: readonly string[],
): HeadWeights {
  const taught = toFieldRows(rows, states, dim, names);
  const gates = names.map((_, field) => fitGate(taught, field));
  return assemble(taught, fitWeights(taught), gates);
}

function toFieldRows(
  rows: LabelledTexts,
  states: Float32Array,
  dim: number,
  names: readonly string[],
): FieldRows {
  const fields = rows.labels.map((_, row) => names.indexOf(rows.fields?.[row] ?? ''));
  return {
    states,
    dim,
    targets: rows.labels,
    weights: rows.weights,
    fields,
    fieldCount: names.length,
  };
}

/** By how much the gate is on the right side, row by row. */
function openedBy(gate: Float64Array, { states, fields }: FieldRows, field: number): number[] {
  return Array.from(fields, (of, row) => {
    const margin = marginOf(states, row, -1, { shared: gate, byField: [] });
    return of === field ? margin : -margin;
  });
}

/**
 * Rows of no field, as sources have them, are one more field here: the one that is left where no gate opens.
 */
function fitWeights(rows: FieldRows): FieldWeights {
  const { dim, fieldCount } = rows;
  const fields = Array.from(rows.fields, (field) => (field < 0 ? fieldCount : field));
  const source = [...fields.keys()].filter((row) => fields[row] === fieldCount);
  const prior = createSourcePrior(rows.states, dim, source);
  // Shaping takes time by the square of the width, and a source may have a thousand rows for each of a field.
  const own = rows.states.slice();
  for (const [row, field] of fields.entries())
    if (field < fieldCount) own.set(prior.shape(rows.states.subarray(row * dim, (row + 1) * dim)), row * dim);
  const { shared, byField } = fitFieldRegression(
    { ...rows, own, fields, fieldCount: fieldCount + 1 },
    { shared: dim / SHARED_VARIANCE, field: dim / OWN_VARIANCE },
  );
  const rest = byField[fieldCount] ?? new Float64Array(dim + 1);
  return {
    shared: shared.map((weight, i) => weight + (rest[i] ?? 0)),
    byField: byField
      .slice(0, fieldCount)
      .map((shaped) => prior.restore(shaped).map((weight, i) => weight - (rest[i] ?? 0))),
  };
}

/** Weights and bias of a margin that is above 0 for texts of the field and below for all others. */
function fitGate({ states, dim, fields }: FieldRows, field: number): Float64Array {
  const targets = Array.from(fields, (of) => (of === field ? 1 : 0));
  const even = balance(targets);
  const rows = {
    states,
    dim,
    targets,
    weights: targets.map((target) => even[target]),
    fields: targets.map(() => -1),
    fieldCount: 0,
  };
  const precision = dim / GATE_VARIANCE;
  const gate = fitFieldRegression(rows, { shared: precision, field: precision }).shared;
  const margins = Array.from(fields, (_, row) => marginOf(states, row, -1, { shared: gate, byField: [] }));
  const sideOf = (isOwn: boolean): number[] =>
    margins.filter((_, row) => (fields[row] === field) === isOwn).toSorted((a, b) => a - b);
  const [own, others] = [sideOf(true), sideOf(false)];
  const outermost = others[Math.floor((1 - OUTLIERS) * (others.length - 1))] ?? 0;
  const room = (own[Math.floor(OUTLIERS * own.length)] ?? 0) - outermost;
  if (room > 0) gate[dim] = (gate[dim] ?? 0) - outermost - AJAR * room;
  return gate;
}

function balance(targets: readonly (0 | 1)[]): [number, number] {
  const ones = targets.reduce<number>((sum, target) => sum + target, 0);
  const half = targets.length / 2;
  return [half / Math.max(1, targets.length - ones), half / Math.max(1, ones)];
}

function assemble(
  taught: FieldRows,
  { shared, byField }: FieldWeights,
  gates: readonly Float64Array[],
): HeadWeights {
  const { states, dim, fields } = taught;
  const rows = fields.length;
  const hidden = new Float32Array(dim * dim); // [input, unit]
  const hiddenBias = new Float32Array(dim);
  const output = new Float32Array(dim * 2);
  const margins = (of: Float64Array): number[] =>
    Array.from({ length: rows }, (_, row) => marginOf(states, row, -1, { shared: of, byField: [] }));
  const write = (unit: number, weights: Float64Array, bias: number, sign: number): void => {
    for (let input = 0; input < dim; input += 1) hidden[input * dim + unit] = weights[input] ?? 0;
    hiddenBias[unit] = bias;
    output[unit * 2] = -sign / 2;
    output[unit * 2 + 1] = sign / 2;
  };
  const lift = 1 + HEADROOM * largest(margins(shared));
  write(0, shared, (shared[dim] ?? 0) + lift, 1);
  byField.forEach((own, field) => {
    const gate = gates[field] ?? new Float64Array(dim + 1);
    const opened = openedBy(gate, taught, field).toSorted((a, b) => a - b);
    const safe = opened[Math.floor(OUTLIERS * rows)] ?? 0;
    const scale = (HEADROOM * largest(margins(own))) / Math.max(safe, 0.5);
    const scaled = gate.map((weight) => weight * scale);
    const bias = scaled[dim] ?? 0;
    write(
      1 + 2 * field,
      scaled.map((weight, i) => weight + (own[i] ?? 0)),
      bias + (own[dim] ?? 0),
      1,
    );
    write(2 + 2 * field, scaled, bias, -1);
  });
  return { hidden, hiddenBias, output, outputBias: Float32Array.of(lift / 2, -lift / 2) };
}

function largest(margins: readonly number[]): number {
  return margins.reduce((most, margin) => Math.max(most, Math.abs(margin)), 0);
}
