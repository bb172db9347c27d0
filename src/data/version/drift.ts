/**
 * How far a version's records lie from its parent's: the population stability index of each feature.
 *
 * PSI = Σ (p - q) ln(p / q) over bins. Two samples of one population do not give 0 but about (bins - 1)(1/n +
 * 1/m), since PSI·nm/(n + m) is then χ² with bins - 1 degrees of freedom; the verdict reads what lies above
 * that, so that small versions are not called drifted for being small.
 */
import { z } from 'zod';
import type { DatasetRow } from './dataset-row.ts';
import {
  binOf,
  countCategory,
  NUMERIC_FEATURES,
  OTHER_CATEGORY,
  readNumeric,
  SAMPLE_ROWS,
  splitWords,
  type Profile,
} from './profile.ts';

export const DRIFT_VERDICTS = ['none', 'moderate', 'large'] as const;
export type DriftVerdict = (typeof DRIFT_VERDICTS)[number];

const driftFeatureSchema = z.strictObject({
  feature: z.string(),
  psi: z.number(),
  /** What sampling alone is expected to give. */
  noise: z.number(),
  verdict: z.enum(DRIFT_VERDICTS),
  /** Mean, share of positives or share of unknown words, before and now; null for categories. */
  before: z.number().nullable(),
  now: z.number().nullable(),
});
export type DriftFeature = z.infer<typeof driftFeatureSchema>;

export const driftSchema = z.strictObject({
  parentVersion: z.int(),
  /** New rows that were compared; rows inherited from the parent are not. */
  rows: z.int(),
  verdict: z.enum(DRIFT_VERDICTS),
  features: z.array(driftFeatureSchema),
});
export type Drift = z.infer<typeof driftSchema>;

export interface DriftLimits {
  psiWarn: number;
  psiAlert: number;
}

export interface DriftMeter {
  add(row: DatasetRow): void;
  build(parentVersion: number): Drift;
}

export function createDriftMeter(parent: Profile, limits: DriftLimits): DriftMeter {
  const vocabulary = new Set(parent.vocabulary);
  const numeric = new Map(
    NUMERIC_FEATURES.map((name) => [name, { counts: [] as number[], sum: 0, present: 0 }]),
  );
  const categories = new Map<string, number>(Object.keys(parent.categories).map((name) => [name, 0]));
  let rows = 0;
  let positives = 0;
  let words = 0;
  let unknownWords = 0;

  const compare = (
    feature: string,
    before: readonly number[],
    now: readonly number[],
    shown: { before: number | null; now: number | null },
  ): DriftFeature => {
    const { psi, noise } = measurePsi(before, now);
    return { feature, psi, noise, verdict: judge(psi - noise, limits), ...shown };
  };

  return {
    add: (row) => {
      rows += 1;
      positives += row.label;
      for (const [name, seen] of numeric) {
        const value = readNumeric(row, name);
        const bin = binOf(value, parent.numeric[name].edges);
        seen.counts[bin] = (seen.counts[bin] ?? 0) + 1;
        if (value === null) continue;
        seen.sum += value;
        seen.present += 1;
      }
      countCategory(categories, row.category);
      if (rows > SAMPLE_ROWS) return;
      for (const word of splitWords(`${row.title} ${row.description}`)) {
        words += 1;
        if (!vocabulary.has(word)) unknownWords += 1;
      }
    },
    build: (parentVersion) => {
      const features: DriftFeature[] = [];
      for (const [name, seen] of numeric) {
        const { counts, mean } = parent.numeric[name];
        const now = counts.map((_, bin) => seen.counts[bin] ?? 0);
        const shown = { before: mean, now: seen.present === 0 ? null : seen.sum / seen.present };
        features.push(compare(name, counts, now, shown));
      }
      const names = [...categories.keys(), OTHER_CATEGORY];
      features.push(
        compare(
          'category',
          names.map((name) => parent.categories[name] ?? 0),
          names.map((name) => categories.get(name) ?? 0),
          { before: null, now: null },
        ),
        compare('label', [parent.rows - parent.positives, parent.positives], [rows - positives, positives], {
          before: share(parent.positives, parent.rows),
          now: share(positives, rows),
        }),
        // Words of one text hang together, so they count as one observation a row.
        compare(
          'unknownWords',
          perRow(parent.words, parent.unknownWords, Math.min(parent.rows, SAMPLE_ROWS) / 2),
          perRow(words, unknownWords, Math.min(rows, SAMPLE_ROWS)),
          { before: share(parent.unknownWords, parent.words), now: share(unknownWords, words) },
        ),
      );
      const worst = Math.max(0, ...features.map((feature) => DRIFT_VERDICTS.indexOf(feature.verdict)));
      return { parentVersion, rows, verdict: DRIFT_VERDICTS[worst] ?? 'none', features };
    },
  };
}

/**
 * PSI of two histograms over the same bins, half a row added to every bin that either has; and what sampling
 * alone would give.
 */
function measurePsi(before: readonly number[], now: readonly number[]): { psi: number; noise: number } {
  const used = before.map((_, i) => i).filter((i) => (before[i] ?? 0) + (now[i] ?? 0) > 0);
  const n = sum(before);
  const m = sum(now);
  if (used.length < 2 || n === 0 || m === 0) return { psi: 0, noise: 0 };
  let psi = 0;
  for (const i of used) {
    const p = ((before[i] ?? 0) + 0.5) / (n + 0.5 * used.length);
    const q = ((now[i] ?? 0) + 0.5) / (m + 0.5 * used.length);
    psi += (p - q) * Math.log(p / q);
  }
  return { psi, noise: (used.length - 1) * (1 / n + 1 / m) };
}

function judge(excess: number, limits: DriftLimits): DriftVerdict {
  if (excess >= limits.psiAlert) return 'large';
  return excess >= limits.psiWarn ? 'moderate' : 'none';
}

function perRow(words: number, unknown: number, rows: number): [number, number] {
  const part = share(unknown, words) ?? 0;
  return [rows * (1 - part), rows * part];
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
