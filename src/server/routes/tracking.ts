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
import {
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  jsonBody,
  type Router,
} from '../http/index.ts';

const deleted = (description: string) => jsonAnswer(description, { deleted: z.int() });

const deleteRoute = defineRoute({
  method: 'delete',
  path: '/tracking/runs/{run_id}',
  tags: ['tracking'],
  summary: 'Delete a tracking run for good, with its artifacts',
  request: { params: z.object({ run_id: z.string().regex(/^\w[\w-]{0,255}$/) }) },
  responses: {
    200: deleted('it is gone'),
    404: errorResponse('no such run'),
    409: errorResponse('a model version came from it'),
    501: errorResponse('runs are kept by a remote MLflow server'),
  },
});

const retentionRoute = defineRoute({
  method: 'post',
  path: '/tracking/retention',
  tags: ['tracking'],
  summary: 'Delete for good the runs that ended longer ago; those that a model version came from stay',
  request: {
    body: jsonBody(
      z.strictObject({
        days: z.int().min(1).max(36_500),
        experiment: plainText(500).min(1).optional(),
      }),
    ),
  },
  responses: {
    200: deleted('how many went'),
    404: errorResponse('no such experiment'),
    501: errorResponse('runs are kept by a remote MLflow server'),
  },
});

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
  return createRouter()
    .openapi(deleteRoute, async function deleteRun(c) {
      requireOurs();
      await deleteRunForGood(db, artifacts, c.req.valid('param').run_id);
      return c.json({ status: 'success' as const, deleted: 1 }, 200);
    })
    .openapi(retentionRoute, async function applyRetention(c) {
      requireOurs();
      const { days, experiment } = c.req.valid('json');
      const found = experiment === undefined ? undefined : await tracking.experiments.findByName(experiment);
      if (experiment !== undefined && found === undefined)
        throw new AppError('not-found', `there is no experiment ${JSON.stringify(experiment)}`);
      const count = await deleteOldRuns(db, artifacts, {
        days,
        clock,
        ...(found !== undefined && { experimentIds: [Number(found.experimentId)] }),
      });
      return c.json({ status: 'success' as const, deleted: count }, 200);
    });
}
