/**
 * The gate between training and serving: a pure function of two models' scores on the same held-out rows. It
 * promotes only what is strictly better, and names every rule that speaks against the challenger.
 */
import type { Config } from '../../core/config/index.ts';
import { percent } from '../../core/html-page.ts';
import { compareModels, type GateComparison, type GateInput } from './compare.ts';
import { GATE_RULES, points } from './rules.ts';

const GATE_DECISIONS = ['promote', 'refuse', 'pending-approval', 'canary'] as const;
export type GateDecision = (typeof GATE_DECISIONS)[number];

export interface GateReport {
  decision: GateDecision;
  /** Sentences; for a refusal one for each rule that was not met. */
  reasons: string[];
  comparison: GateComparison;
  rules: Config['gate'];
}

/**
 * @throws AppError `bad-model` when a model gave something that is no probability, `internal` when lengths
 *   differ
 */
export function decideGate(input: GateInput): GateReport {
  const comparison = compareModels(input);
  const objections = GATE_RULES.flatMap((rule) => rule.objections(comparison, input.rules));
  const summary = summarise(comparison);
  if (objections.length > 0)
    return { decision: 'refuse', reasons: [...objections, summary], comparison, rules: input.rules };
  if (input.rules.approval === 'required') {
    const reasons = [summary, 'Every rule is met; gate.approval is required, so a person has to approve.'];
    return { decision: 'pending-approval', reasons, comparison, rules: input.rules };
  }
  if (input.takesTrial === true && input.champion !== null) {
    const reasons = [summary, 'It takes a share of the traffic first: what it earns decides.'];
    return { decision: 'canary', reasons, comparison, rules: input.rules };
  }
  return { decision: 'promote', reasons: [summary], comparison, rules: input.rules };
}

function summarise({ challenger, baseline, rows, gain, mcnemar, bootstrap }: GateComparison): string {
  const interval = `${points(bootstrap.low)} to ${points(bootstrap.high)}`;
  return `${challenger.name} is right on ${percent(challenger.accuracy)} of ${rows} held-out rows, ${baseline.name} on ${percent(baseline.accuracy)}: a gain of ${points(gain)} (${Math.round(bootstrap.confidence * 100)} % interval ${interval}, McNemar exact p ${mcnemar.exactP.toPrecision(3)}).`;
}
