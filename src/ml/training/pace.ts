/** How fast a training goes and how long it will take. */
export interface StepReport {
  /** Steps of the optimiser done, of all `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Counted from 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly stepsPerSecond: number;
  /** Padding included: what is computed. */
  readonly tokensPerSecond: number;
  /** Expected time to the last step, if no epoch is spared by early stopping. */
  readonly etaMs: number;
}

type Measured = Omit<StepReport, 'steps' | 'stepsPerSecond' | 'tokensPerSecond' | 'etaMs'> & {
  readonly tokens: number;
};

/** Paces are means over the last so many steps, because batches differ in length. */
const WINDOW = 50;

/** @param firstStep steps already done by an earlier process */
export function createPace(steps: number, firstStep: number): { report(measured: Measured): StepReport } {
  const marks = [{ atMs: performance.now(), step: firstStep, tokens: 0 }];
  let tokensDone = 0;
  return {
    report: ({ tokens, ...measured }) => {
      tokensDone += tokens;
      marks.push({ atMs: performance.now(), step: measured.step, tokens: tokensDone });
      if (marks.length > WINDOW) marks.shift();
      const [first, last] = [marks[0], marks.at(-1)] as [(typeof marks)[number], (typeof marks)[number]];
      const seconds = (last.atMs - first.atMs) / 1000;
      const stepsPerSecond = (last.step - first.step) / seconds;
      return {
        ...measured,
        steps,
        stepsPerSecond,
        tokensPerSecond: (last.tokens - first.tokens) / seconds,
        etaMs: ((steps - measured.step) / stepsPerSecond) * 1000,
      };
    },
  };
}
