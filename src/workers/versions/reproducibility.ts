/** What the rebuilt weights prove: the rule of `copyloop verify`, without doing any of the work. */
import type { Provenance } from '../../ml/index.ts';

/** Something that the bits of a training depend on, and that is not as it was. */
export interface ChangedCondition {
  condition: 'code' | 'backend' | 'node' | 'onnxruntime' | 'tfjs' | 'platform' | 'cpu' | 'threads';
  recorded: string;
  here: string;
}

export interface Reproducibility {
  verdict: 'equal' | 'within-tolerance' | 'different';
  /**
   * `weights`: the same bits were asked for. `scores`: a condition differs, so the scores may differ by the
   * tolerance.
   */
  applied: 'weights' | 'scores';
}

/** Largest difference of a probability between a model and its rebuilding under other conditions. */
export const SCORE_TOLERANCE = 1e-4;

export function listChangedConditions(recorded: Provenance, here: Provenance): ChangedCondition[] {
  const pairs: [ChangedCondition['condition'], string, string][] = [
    [
      'code',
      describeCode(recorded),
      isSameCode(recorded, here) ? describeCode(recorded) : describeCode(here),
    ],
    ['backend', recorded.runtime.backend, here.runtime.backend],
    ['node', recorded.runtime.node, here.runtime.node],
    ['onnxruntime', recorded.runtime.onnxruntime, here.runtime.onnxruntime],
    ['platform', recorded.machine.platform, here.machine.platform],
    ['cpu', describeCpu(recorded), describeCpu(here)],
    ['threads', String(recorded.threads), String(here.threads)],
  ];
  // Weights of a recipe that never asked TensorFlow.js do not depend on it.
  if (recorded.runtime.backend.startsWith('tfjs'))
    pairs.push(['tfjs', recorded.runtime.tfjs, here.runtime.tfjs]);
  return pairs
    .filter(([, before, now]) => before !== now)
    .map(([condition, before, now]) => ({ condition, recorded: before, here: now }));
}

/** @param largestScoreDifference null when the hashes are equal: then nothing was scored */
export function judgeReproducibility(found: {
  isSameHash: boolean;
  changed: readonly ChangedCondition[];
  largestScoreDifference: number | null;
}): Reproducibility {
  const applied = found.isSameHash || found.changed.length === 0 ? 'weights' : 'scores';
  if (found.isSameHash) return { verdict: 'equal', applied };
  const isClose =
    applied === 'scores' &&
    found.largestScoreDifference !== null &&
    found.largestScoreDifference <= SCORE_TOLERANCE;
  return { verdict: isClose ? 'within-tolerance' : 'different', applied };
}

/** The same commit without changes, whether from sources or built; or the same modules. */
function isSameCode({ code: a }: Provenance, { code: b }: Provenance): boolean {
  if (a.buildSha256 === b.buildSha256) return true;
  return a.commit !== null && a.commit === b.commit && !a.isChanged && !b.isChanged;
}

function describeCode({ code }: Provenance): string {
  const commit =
    code.commit === null ? '' : ` commit ${code.commit.slice(0, 12)}${code.isChanged ? ' with changes' : ''}`;
  return `${code.version}${commit} build ${code.buildSha256.slice(0, 12)}`;
}

function describeCpu({ machine }: Provenance): string {
  return machine.cpuFeatures.length === 0 ? machine.cpu : `${machine.cpu} (${machine.cpuFeatures.join(' ')})`;
}
