/**
 * What speaks against promoting a challenger, a rule each. A new one is an entry here; what it may be set to
 * stands in the schema of `gate` and in config/default.yaml.
 */
import type { Config } from '../../core/config/index.ts';
import { percent } from '../../core/html-page.ts';
import type { GateComparison, GateValue } from './compare.ts';

export interface GateRule {
  /** As its options are called below `gate`, where it has any. */
  name: string;
  /** A sentence for each thing that speaks against the challenger; none where the rule is met. */
  objections(comparison: GateComparison, options: Config['gate']): readonly string[];
}

export const GATE_RULES: readonly GateRule[] = [
  {
    name: 'leakage',
    objections: ({ leakedRows, rows }) =>
      when(
        leakedRows > 0,
        `The holdout is leaked: ${leakedRows} of its ${rows} rows were trained on by one of the models, so it proves nothing.`,
      ),
  },
  {
    name: 'minimumHoldoutRows',
    objections: ({ rows }, { minimumHoldoutRows }) =>
      when(
        rows < minimumHoldoutRows,
        `The holdout is too small: ${rows} rows, gate.minimumHoldoutRows asks for ${minimumHoldoutRows}.`,
      ),
  },
  {
    name: 'majorityClass',
    objections: ({ baselineKind, gain, challenger, baseline }) =>
      when(
        baselineKind === 'majority-class' && gain <= 0,
        `There is no champion yet, and ${challenger.name} does not beat ${baseline.name}: ${percent(challenger.accuracy)} against ${percent(baseline.accuracy)}.`,
      ),
  },
  {
    name: 'minimumGain',
    objections: ({ baselineKind, gain, challenger, baseline }, { minimumGain }) =>
      when(
        baselineKind === 'champion' && gain <= minimumGain,
        `${challenger.name} gains ${points(gain)} on ${baseline.name}; more than ${points(minimumGain)} is needed (gate.minimumGain).`,
      ),
  },
  {
    name: 'significance',
    objections: ({ gain, mcnemar }, { significance: { enabled, alpha } }) =>
      when(
        enabled && (gain <= 0 || mcnemar.midP >= alpha),
        `The gain is not significant: McNemar's mid-p is ${mcnemar.midP.toPrecision(3)}, below ${alpha} is needed (gate.significance).`,
      ),
  },
  {
    name: 'segments',
    objections: ({ baselineKind, segments }, { segments: { enabled, tolerance } }) =>
      segments
        .filter((segment) => enabled && baselineKind === 'champion' && segment.isWorse)
        .map(
          ({ segmentation, value, rows, challengerAccuracy, baselineAccuracy }) =>
            `${segmentation} ${value} becomes worse: ${percent(challengerAccuracy)} after ${percent(baselineAccuracy)} on ${rows} rows (gate.segments.tolerance ${points(tolerance)}).`,
        ),
  },
  {
    name: 'value',
    objections: ({ value }, { value: asked }) => {
      if (value === undefined || asked === 'off') return [];
      const { figures, because, reward } = value;
      if (figures === null)
        return when(
          asked === 'better',
          `Nothing shows that it earns more: ${because ?? 'there is no log'} (gate.value: better).`,
        );
      const { low, high } = figures;
      const isMet = asked === 'better' ? low > 0 : high >= 0;
      return when(
        !isMet,
        `It would ${asked === 'better' ? 'not surely have earned more' : 'have earned less'} than the champion: ${describeValue(figures, reward)} (gate.value: ${asked}).`,
      );
    },
  },
];

/** `1.20 points of clicks (0.30 points to 2.10 points at any look, 2000 drawn texts)`. */
export function describeValue(
  { difference, low, high, choices }: NonNullable<GateValue['figures']>,
  reward: string,
): string {
  return `${points(difference)} of ${reward} (${points(low)} to ${points(high)} at any look, ${choices} drawn texts)`;
}

/** 0.0123 -> `1.23 points`. */
export function points(share: number): string {
  return `${(share * 100).toFixed(2)} points`;
}

function when(holds: boolean, objection: string): string[] {
  return holds ? [objection] : [];
}
