/** A training's progress on the terminal: one line that is rewritten, or a line per tenth elsewhere. */
import type { EpochMetrics, TrainProgress } from '../ml/index.ts';
import type { Terminal } from './command.ts';
import { renderBar, renderDuration, renderPercent } from './render.ts';

export function createTrainView(terminal: Terminal): {
  onProgress: (progress: TrainProgress) => void;
  onEpoch: (epoch: EpochMetrics) => void;
} {
  let shown = '';
  return {
    onProgress: (progress) => {
      const line = renderTrainProgress(progress);
      if (terminal.isInteractive) {
        terminal.note(`${shown === '' ? '' : '\u001B[1A\u001B[2K'}${line}`);
        shown = line;
        return;
      }
      const tenth = `${progress.phase} ${Math.floor(progress.fraction * 10)}`;
      if (tenth !== shown) terminal.note(line);
      shown = tenth;
    },
    onEpoch: (epoch) => {
      shown = '';
      terminal.note(renderEpoch(epoch));
    },
  };
}

function renderTrainProgress(progress: TrainProgress): string {
  const parts = [`  ${progress.phase.padEnd(7)} ${renderBar(progress.fraction)}`];
  if (progress.step !== undefined)
    parts.push(`step ${progress.step}${progress.steps === undefined ? '' : ` of ${progress.steps}`}`);
  if (progress.loss !== undefined) parts.push(`loss ${progress.loss.toFixed(3)}`);
  if (progress.stepsPerSecond !== undefined) parts.push(`${progress.stepsPerSecond.toFixed(1)} steps/s`);
  if (progress.tokensPerSecond !== undefined) parts.push(`${Math.round(progress.tokensPerSecond)} tokens/s`);
  if (progress.remainingMs !== undefined) parts.push(`${renderDuration(progress.remainingMs)} left`);
  return parts.join('  ');
}

function renderEpoch({ epoch, trainLoss, validationLoss, validation }: EpochMetrics): string {
  const accuracy = renderPercent(validation.accuracy);
  return `  epoch ${epoch}: loss ${trainLoss.toFixed(4)}, validation loss ${validationLoss.toFixed(4)}, accuracy ${accuracy}, AUC ${validation.rocAuc.toFixed(3)}`;
}
