import { getDatasetVersion } from '../../data/index.ts';
import { getRun } from '../../queues/index.ts';
import { allModelAccuracies, CHAMPION, compareVersions, type TrackingStore } from '../../tracking/index.ts';
import type { StageHandler } from '../loop/context.ts';
import { renderRunReport, type RunReport } from './render-run-report.ts';
import { removeWorkFolder } from './work-folders.ts';

/**
 * Gathers what happened into summary.json and a one-page report; the loop closes the run with this stage's
 * result.
 */
export function createSummarizeRun(tracking: TrackingStore): StageHandler<'summarize-run'> {
  return async ({ runId }, context) => {
    const { services, clock } = context;
    const run = await getRun(services.database.db, runId);
    const raw = await context.resultOf('generate-data');
    const { datasetVersion } = await context.resultOf('version-data');
    const gate = await context.resultOf('register-model');
    const { manifest } = await getDatasetVersion(services.database.db, datasetVersion);
    const champion = await tracking.registry.findAlias(gate.modelName, CHAMPION);
    const models = await allModelAccuracies(tracking, gate.modelName);
    const registered = models.find(({ version }) => version === gate.modelVersion);
    const earlier =
      registered === undefined
        ? models.map((model) => ({ ...model, gain: null }))
        : compareVersions(models, registered).earlier;
    const report: RunReport = {
      run: {
        id: run.id,
        number: run.number,
        trigger: run.trigger,
        createdAt: run.createdAt.toISOString(),
        seconds: seconds(run.createdAt, clock.now()),
      },
      data: {
        source: raw.source,
        accepted: raw.accepted,
        refused: raw.refused,
        datasetVersion,
        digest: manifest.digest,
        rows: {
          train: manifest.splits.train.rows,
          validation: manifest.splits.validation.rows,
          holdout: manifest.splits.holdout.rows,
        },
        labelBalance: manifest.labelBalance,
        drift: manifest.drift,
        checks: manifest.checks,
        bayesAccuracy: manifest.bayes?.accuracy ?? null,
      },
      candidates: (await context.outcomesOf('train-model')).map(({ part, status, result, error }) => ({
        candidate: part,
        status,
        trackingRunId: result?.trackingRunId ?? null,
        validation: result?.validation ?? null,
        error,
      })),
      gate,
      earlier: earlier.map(({ version, accuracy, gain }) => ({ version, accuracy, gain })),
      champion: champion?.version ?? null,
      stages: run.stages.map((stage) => ({
        stage: stage.stage,
        candidate: stage.candidate,
        status: stage.stage === 'summarize-run' ? 'succeeded' : stage.status,
        attempts: stage.attempts.length,
        skipped: stage.skipped,
        seconds:
          stage.startedAt === null || stage.finishedAt === null
            ? null
            : seconds(stage.startedAt, stage.finishedAt),
      })),
    };
    const summaryKey = `runs/${runId}/summary.json`;
    const reportKey = `runs/${runId}/report.html`;
    await services.artifacts.put(summaryKey, `${JSON.stringify(report, undefined, 2)}\n`);
    await services.artifacts.put(reportKey, renderRunReport(report));
    await removeWorkFolder(services, runId);
    return { summaryKey, reportKey };
  };
}

function seconds(from: Date, to: Date): number {
  return (to.getTime() - from.getTime()) / 1000;
}
