/** Pipeline runs: start, watch, cancel, replay. */
import { z } from '@hono/zod-openapi';
import {
  SOURCE_KINDS,
  SOURCES,
  withPublicAddresses,
  type Config,
  type SourceRule,
} from '../../core/config/index.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { DestinationPolicy } from '../../core/outbound-policy.ts';
import { AppError } from '../../core/errors.ts';
import { RUN_TRIGGERS, type Db } from '../../db/index.ts';
import {
  countRuns,
  getRun,
  KEPT_LOG_LINES,
  planReplay,
  RUN,
  RUN_STAGES,
  listRuns,
  medianRunSeconds,
  readAttemptLog,
  resolveRunOptions,
  runRequestSchema,
  type RunRequest,
  type RunStarter,
  type RunView,
} from '../../queues/index.ts';
import {
  createPageQuery,
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  jsonBody,
  renderAs,
  requireReachable,
  type Router,
} from '../http/index.ts';

const runId = z.object({ id: z.string().min(1).max(100) });
const time = z.iso.datetime();
const moment = z.iso.datetime({ offset: true });
export const storedError = z.looseObject({ code: z.string(), message: z.string() }).openapi('StoredError');
const summarySchema = z
  .object({
    id: z.string(),
    number: z.int(),
    trigger: z.string(),
    status: z.string(),
    replay_of: z.string().nullable(),
    created_at: time,
    finished_at: time.nullable(),
    error: storedError.nullable(),
  })
  .openapi('RunSummary');
const listedSchema = summarySchema
  .extend({
    recipes: z.array(z.string()),
    stages: z.array(z.object({ stage: z.string(), status: z.string() })),
    dataset_version: z.int().nullable(),
    decision: z.string().nullable().openapi({ description: 'What the gate said' }),
    model_version: z.int().nullable(),
  })
  .openapi('ListedRun');
const stageSchema = z
  .object({
    stage: z.string(),
    candidate: z.string().nullable(),
    status: z.string(),
    progress: z.object({ fraction: z.number(), message: z.string() }).nullable(),
    result: z.unknown(),
    error: storedError.nullable(),
    started_at: time.nullable(),
    finished_at: time.nullable(),
    adopted_from: z.string().nullable(),
    attempts: z.array(
      z.object({
        attempt: z.int(),
        worker: z.string(),
        outcome: z.string(),
        started_at: time,
        finished_at: time.nullable(),
        error: storedError.nullable(),
      }),
    ),
  })
  .openapi('RunStage');
const runSchema = summarySchema
  .extend({
    options: z.looseObject({}),
    configured: z.looseObject({}).openapi({ description: 'The options of a run that is started now' }),
    stages: z.array(stageSchema),
  })
  .openapi('Run');

const started = (description: string) => jsonAnswer(description, { run_id: z.string() });

const startRoute = defineRoute({
  method: 'post',
  path: '/runs',
  tags: ['runs'],
  summary: 'Start a run; what the body leaves out comes from the configuration',
  request: { body: { ...jsonBody(runRequestSchema.meta({ id: 'RunRequest' })), required: false } },
  responses: {
    202: started('started'),
    400: errorResponse('options that cannot be used'),
    403: errorResponse('a source that only the command line or the configuration may name'),
    409: errorResponse('a run is active; error.activeRunId names it'),
  },
});

const listRoute = defineRoute({
  method: 'get',
  path: '/runs',
  tags: ['runs'],
  summary: 'Runs, newest first',
  request: {
    query: createPageQuery('run').extend({
      trigger: z.enum(RUN_TRIGGERS).optional(),
      from: moment.optional().openapi({ description: 'runs that began at this time or later' }),
      to: moment.optional().openapi({ description: 'runs that began before this time' }),
      recipe: z.string().min(1).max(100).optional().openapi({ description: 'runs that train it' }),
      dataset: z.coerce
        .number<string>()
        .int()
        .min(1)
        .max(2 ** 31 - 1)
        .optional()
        .openapi({ description: 'runs that made this dataset version or took it over' }),
    }),
  },
  responses: {
    200: jsonAnswer('a page of the runs; count is of all that the filters leave', {
      runs: z.array(listedSchema),
      count: z.int(),
      median_seconds: z
        .number()
        .nullable()
        .openapi({ description: 'How long the newest runs took that came to their end' }),
    }),
  },
});

const getRoute = defineRoute({
  method: 'get',
  path: '/runs/{id}',
  tags: ['runs'],
  summary: 'One run: its stages, their attempts and timings',
  request: { params: runId },
  responses: {
    200: jsonAnswer('the run', { run: runSchema }),
    404: errorResponse('no such run'),
  },
});

const gateRoute = defineRoute({
  method: 'get',
  path: '/runs/{id}/gate.html',
  tags: ['runs'],
  summary: 'What the gate found about the best candidate of a run, as a page',
  request: { params: runId },
  responses: {
    200: { description: 'the page', content: { 'text/html': { schema: z.string() } } },
    404: errorResponse('no such run, or its gate has judged nothing'),
  },
});

const logRoute = defineRoute({
  method: 'get',
  path: '/runs/{id}/log',
  tags: ['runs'],
  summary: `What an attempt has logged, its last ${KEPT_LOG_LINES} lines; to follow it, ask again with the number of the last line`,
  request: {
    params: runId,
    query: z.strictObject({
      stage: z.string().max(100).optional(),
      candidate: z.string().max(100).optional(),
      attempt: z.coerce
        .number<string>()
        .int()
        .min(1)
        .max(2 ** 31 - 1)
        .optional()
        .openapi({ description: 'the newest of the stage, or of the run, when left out' }),
      after: z.coerce
        .number<string>()
        .int()
        .min(0)
        .max(2 ** 31 - 1)
        .default(0)
        .openapi({ description: 'only lines behind the one of this number' }),
    }),
  },
  responses: {
    200: jsonAnswer('the lines, and how the attempt has ended: running while it has not', {
      stage: z.string(),
      candidate: z.string().nullable(),
      attempt: z.int(),
      outcome: z.string(),
      lines: z.array(
        z.object({ line: z.int(), at: time, level: z.string(), message: z.string() }).openapi('LogLine'),
      ),
    }),
    404: errorResponse('no such run, or no such attempt'),
  },
});

const cancelRoute = defineRoute({
  method: 'post',
  path: '/runs/{id}/cancel',
  tags: ['runs'],
  summary: 'Cancel an active run',
  request: { params: runId },
  responses: {
    202: started('cancelled; its workers stop within seconds'),
    404: errorResponse('no such run'),
    409: errorResponse('the run has ended'),
  },
});

const replayRoute = defineRoute({
  method: 'post',
  path: '/runs/{id}/replay',
  tags: ['runs'],
  summary:
    'Start a run with the options of an earlier one, or go on from one of its stages with what those before it left',
  request: {
    params: runId,
    body: {
      ...jsonBody(
        z.strictObject({
          from: z.enum(RUN_STAGES).optional(),
          options: runRequestSchema.meta({ id: 'RunRequest' }).optional(),
        }),
      ),
      required: false,
    },
  },
  responses: {
    202: started('started'),
    400: errorResponse('options that cannot be used, or that no stage would heed'),
    403: errorResponse('a source that only the command line or the configuration may name'),
    404: errorResponse('no such run'),
    409: errorResponse('a run is active, or what the replay would take over is gone'),
  },
});

export function createRunRoutes(deps: {
  db: Db;
  artifacts: ArtifactStore;
  starter: RunStarter;
  destinations: DestinationPolicy;
  config: Pick<Config, 'data' | 'model' | 'gate' | 'pipeline'>;
}): Router {
  const { db, artifacts, starter, destinations, config } = deps;
  const configured = { ...withPublicAddresses(resolveRunOptions(config, {}, false)) };
  const refuseSource = async (request: RunRequest): Promise<void> => {
    refuseOperatorSources(request);
    if (typeof request.source?.url === 'string')
      await requireReachable('source.url', request.source.url, destinations);
  };
  return createRouter()
    .openapi(startRoute, async function startRun(c) {
      const request = c.req.valid('json');
      await refuseSource(request);
      const { runId: id } = await starter.startRun({ trigger: 'manual', request, cameOverHttp: true });
      return c.json({ status: 'success' as const, run_id: id }, 202);
    })
    .openapi(listRoute, async function showRuns(c) {
      const { limit, before, from, to, ...rest } = c.req.valid('query');
      const filter = { ...rest, from: toDate(from), to: toDate(to) };
      const runs = await listRuns(db, { limit, before, ...filter });
      const count = await countRuns(db, filter);
      const listed = runs.map((run) => renderAs(listedSchema, run));
      const median_seconds = await medianRunSeconds(db);
      return c.json({ status: 'success' as const, runs: listed, count, median_seconds }, 200);
    })
    .openapi(getRoute, async function showRun(c) {
      const run = await getRun(db, c.req.valid('param').id);
      return c.json({ status: 'success' as const, run: renderRun(run, configured) }, 200);
    })
    .openapi(gateRoute, async function showGate(c) {
      const { id, stages } = await getRun(db, c.req.valid('param').id);
      const decided = stages.find(({ stage }) => stage === 'register-model')?.result;
      // Of a replay that took the decision over it lies with the run that made it.
      const { data } = RUN.stages['register-model'].result.safeParse(decided);
      const key = data?.reportKey ?? `runs/${id}/comparison.html`;
      if (!(await artifacts.exists(key)))
        throw new AppError('not-found', `the gate of run ${id} has judged nothing: GET /runs/${id} says why`);
      return c.html(await artifacts.readText(key), 200);
    })
    .openapi(logRoute, async function showLog(c) {
      const asked = { runId: c.req.valid('param').id, limit: KEPT_LOG_LINES, ...c.req.valid('query') };
      const { lines, ...attempt } = await readAttemptLog(db, asked);
      return c.json(
        {
          status: 'success' as const,
          ...attempt,
          lines: lines.map(({ loggedAt, ...line }) => ({ ...line, at: loggedAt.toISOString() })),
        },
        200,
      );
    })
    .openapi(cancelRoute, async function cancelRun(c) {
      const { id } = c.req.valid('param');
      await starter.cancelRun(id);
      return c.json({ status: 'success' as const, run_id: id }, 202);
    })
    .openapi(replayRoute, async function replayRun(c) {
      const request = c.req.valid('json');
      await refuseSource(request.options ?? {});
      const original = c.req.valid('param').id;
      const plan = await planReplay({ db, artifacts }, original, request, true);
      const { runId: id } = await starter.replayRun(original, plan);
      return c.json({ status: 'success' as const, run_id: id }, 202);
    });
}

function toDate(moment: string | undefined): Date | undefined {
  return moment === undefined ? undefined : new Date(moment);
}

/** Whoever may start runs over HTTP must not be able to read what only the operator's machines can reach. */
function refuseOperatorSources({ source = {} }: RunRequest): void {
  if ((source.credentialsFile ?? null) !== null)
    throw new AppError(
      'forbidden',
      'source.credentialsFile cannot be set over HTTP: set data.source.credentialsFile in the configuration, or use "copyloop run --source"',
      { details: { field: 'source.credentialsFile' } },
    );
  for (const kind of SOURCE_KINDS) {
    const { needs, isOpenToCallers }: SourceRule = SOURCES[kind];
    if (isOpenToCallers || needs === undefined) continue;
    if (source.kind !== kind && (source[needs as keyof typeof source] ?? null) === null) continue;
    throw new AppError(
      'forbidden',
      `source.${needs} cannot be set over HTTP: set data.source.${needs} in the configuration, or use "copyloop run --source"`,
      { details: { field: `source.${needs}` } },
    );
  }
}

function renderRun(run: RunView, configured: object): z.input<typeof runSchema> {
  const stages = run.stages.map(({ attempts, ...stage }) => ({
    ...stage,
    attempts: attempts.map(({ workerId, ...attempt }) => ({ ...attempt, worker: workerId })),
  }));
  return renderAs(runSchema, {
    ...run,
    options: withPublicAddresses(run.options),
    configured: { ...configured },
    stages,
  });
}
