/** Shows a run while it goes on: live bars on a terminal, a line per change elsewhere. */
import { sleep } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Db } from '../db/index.ts';
import { getRun, type RunView, type StageView } from '../queues/index.ts';
import type { Terminal } from './command.ts';
import { renderBar, renderDuration } from './render.ts';

const POLL_MS = 200;

/**
 * Returns when the run has ended, whatever its end; rejects with the signal's reason when it is aborted
 * first.
 */
export async function followRun(options: {
  db: Db;
  runId: string;
  terminal: Terminal;
  signal: AbortSignal;
}): Promise<RunView> {
  const { db, runId, terminal, signal } = options;
  const show = terminal.isInteractive ? createLiveView(terminal) : createLineView(terminal);
  for (;;) {
    const run = await getRun(db, runId);
    show(run);
    if (run.status !== 'active') return run;
    await sleep(POLL_MS, signal);
  }
}

/** @throws AppError with the run's own error when it did not succeed */
export function requireSuccess(run: RunView): void {
  switch (run.status) {
    case 'succeeded':
      return;
    case 'cancelled':
      throw new AppError('cancelled', `run ${run.id} was cancelled`);
    case 'failed':
    case 'active':
      throw new AppError(
        run.error?.code === 'bad-data' ? 'bad-data' : 'unavailable',
        `run ${run.id} ${run.status === 'failed' ? 'failed' : 'is still active'}: ${run.error?.message ?? 'no reason was recorded'}`,
      );
  }
}

function nameOf(stage: StageView): string {
  return stage.candidate === null ? stage.stage : `${stage.stage} ${stage.candidate}`;
}

export function renderStage(stage: StageView, nowMs: number): string {
  const name = nameOf(stage).padEnd(22);
  const elapsed =
    stage.startedAt === null
      ? ''
      : renderDuration((stage.finishedAt?.getTime() ?? nowMs) - stage.startedAt.getTime());
  switch (stage.status) {
    case 'waiting':
      return `  ${name} waiting`;
    case 'running':
      return `  ${name} ${renderBar(stage.progress?.fraction ?? 0)} ${elapsed}  ${stage.progress?.message ?? ''}`.trimEnd();
    case 'retrying':
      return `  ${name} will be tried again after: ${stage.error?.message ?? 'an error'}`;
    case 'succeeded':
      return stage.skipped === null
        ? `  ${name} done in ${elapsed}`
        : `  ${name} skipped in ${elapsed}: ${stage.skipped}`;
    case 'failed':
      return `  ${name} failed: ${stage.error?.message ?? 'no reason was recorded'}`;
    case 'cancelled':
      return `  ${name} cancelled`;
  }
}

function createLiveView(terminal: Terminal): (run: RunView) => void {
  let drawn = 0;
  return (run) => {
    const lines = run.stages.map((stage) => renderStage(stage, Date.now()).slice(0, terminal.columns - 1));
    const up = drawn === 0 ? '' : `\u001B[${drawn}A`;
    terminal.note(up + lines.map((line) => `\u001B[2K${line}`).join('\n'));
    drawn = lines.length;
  };
}

/** One line when a stage changes its state, and one for every tenth of a running stage. */
function createLineView(terminal: Terminal): (run: RunView) => void {
  const shown = new Map<string, string>();
  return (run) => {
    for (const stage of run.stages) {
      if (stage.status === 'waiting') continue;
      const tenth = stage.status === 'running' ? Math.floor((stage.progress?.fraction ?? 0) * 10) : 0;
      const state = `${stage.status} ${stage.attempts.length} ${tenth}`;
      if (shown.get(nameOf(stage)) === state) continue;
      shown.set(nameOf(stage), state);
      terminal.note(renderStage(stage, Date.now()));
    }
  };
}
