/**
 * Deleting tracking runs for good, with their artifacts. MLflow's own `runs/delete` only hides a run; its
 * `mlflow gc` needs the database.
 */
import { z } from '@hono/zod-openapi';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { plainText } from '../../core/plain-text.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Db } from '../../db/index.ts';
import { deleteOldRuns, deleteRunForGood, type TrackingStore } from '../../tracking/index.ts';
import { createRoutes, jsonAnswer, route, type Router } from '../http/index.ts';

const deleted = (description: string) => jsonAnswer(description, { deleted: z.int() });

export function createTrackingRoutes(deps: {
  db: Db;
  artifacts: ArtifactStore;
  tracking: TrackingStore;
  /** `tracking.uri`: where runs are kept when not here. */
  remoteUri: string | null;
  clock: Clock;
}): Router {
  const { db, artifacts, tracking, clock } = deps;
  const requireOurs = (): void => {
    if (deps.remoteUri !== null)
      throw new AppError(
        'unsupported',
        'runs are kept by the MLflow server of tracking.uri: delete them there, with "mlflow gc"',
      );
  };
  return createRoutes('tracking', [
    route('DELETE /tracking/runs/{run_id}', {
      summary: 'Delete a tracking run for good, with its artifacts',
      params: z.object({ run_id: z.string().regex(/^\w[\w-]{0,255}$/) }),
      answer: deleted('it is gone'),
      refusals: {
        404: 'no such run',
        409: 'a model version came from it',
        501: 'runs are kept by a remote MLflow server',
      },
      handle: async ({ params }) => {
        requireOurs();
        await deleteRunForGood(db, artifacts, params.run_id);
        return { deleted: 1 };
      },
    }),
    route('POST /tracking/retention', {
      summary: 'Delete for good the runs that ended longer ago; those that a model version came from stay',
      body: z.strictObject({
        days: z.int().min(1).max(36_500),
        experiment: plainText(500).min(1).optional(),
      }),
      answer: deleted('how many went'),
      refusals: { 404: 'no such experiment', 501: 'runs are kept by a remote MLflow server' },
      handle: async ({ body }) => {
        requireOurs();
        const { days, experiment } = body;
        const found =
          experiment === undefined ? undefined : await tracking.experiments.findByName(experiment);
        if (experiment !== undefined && found === undefined)
          throw new AppError('not-found', `there is no experiment ${JSON.stringify(experiment)}`);
        const count = await deleteOldRuns(db, artifacts, {
          days,
          clock,
          ...(found !== undefined && { experimentIds: [Number(found.experimentId)] }),
        });
        return { deleted: count };
      },
    }),
  ]);
}
