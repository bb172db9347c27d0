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
  createRoutes,
  jsonAnswer,
  renderAs,
  requireReachable,
  route,
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
    skipped: z.string().nullable().openapi({ description: 'why it took over what there was already' }),
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
  return createRoutes('runs', [
    route('POST /runs', {
      summary: 'Start a run; what the body leaves out comes from the configuration',
      body: runRequestSchema.meta({ id: 'RunRequest' }),
      mayOmitBody: true,
      answer: started('started'),
      status: 202,
      refusals: {
        400: 'options that cannot be used',
        403: 'a source that only the command line or the configuration may name',
        409: 'a run is active; error.activeRunId names it',
      },
      handle: async ({ body }) => {
        const request = body;
        await refuseSource(request);
        const { runId: id } = await starter.startRun({ trigger: 'manual', request, cameOverHttp: true });
        return { run_id: id };
      },
    }),
    route('GET /runs', {
      summary: 'Runs, newest first',
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
      answer: jsonAnswer('a page of the runs; count is of all that the filters leave', {
        runs: z.array(listedSchema),
        count: z.int(),
        median_seconds: z
          .number()
          .nullable()
          .openapi({ description: 'How long the newest runs took that came to their end' }),
      }),
      handle: async ({ query: { limit, before, from, to, ...rest } }) => {
        const filter = { ...rest, from: toDate(from), to: toDate(to) };
        const [runs, count, median_seconds] = await Promise.all([
          listRuns(db, { limit, before, ...filter }),
          countRuns(db, filter),
          medianRunSeconds(db),
        ]);
        return { runs: runs.map((run) => renderAs(listedSchema, run)), count, median_seconds };
      },
    }),
    route('GET /runs/{id}', {
      summary: 'One run: its stages, their attempts and timings',
      params: runId,
      answer: jsonAnswer('the run', { run: runSchema }),
      refusals: { 404: 'no such run' },
      handle: async ({ params }) => {
        const run = await getRun(db, params.id);
        return { run: renderRun(run, configured) };
      },
    }),
    route('GET /runs/{id}/gate.html', {
      summary: 'What the gate found about the best candidate of a run, as a page',
      params: runId,
      answer: { description: 'the page', content: { 'text/html': { schema: z.string() } } },
      refusals: { 404: 'no such run, or its gate has judged nothing' },
      handle: async ({ params, c }) => {
        const { id, stages } = await getRun(db, params.id);
        const decided = stages.find(({ stage }) => stage === 'register-model')?.result;
        // Of a replay that took the decision over it lies with the run that made it.
        const { data } = RUN.stages['register-model'].result.safeParse(decided);
        const key = data?.reportKey ?? `runs/${id}/comparison.html`;
        if (!(await artifacts.exists(key)))
          throw new AppError(
            'not-found',
            `the gate of run ${id} has judged nothing: GET /runs/${id} says why`,
          );
        return c.html(await artifacts.readText(key), 200);
      },
    }),
    route('GET /runs/{id}/log', {
      summary: `What an attempt has logged, its last ${KEPT_LOG_LINES} lines; to follow it, ask again with the number of the last line`,
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
      answer: jsonAnswer('the lines, and how the attempt has ended: running while it has not', {
        stage: z.string(),
        candidate: z.string().nullable(),
        attempt: z.int(),
        outcome: z.string(),
        lines: z.array(
          z.object({ line: z.int(), at: time, level: z.string(), message: z.string() }).openapi('LogLine'),
        ),
      }),
      refusals: { 404: 'no such run, or no such attempt' },
      handle: async ({ params, query }) => {
        const asked = { runId: params.id, limit: KEPT_LOG_LINES, ...query };
        const { lines, ...attempt } = await readAttemptLog(db, asked);
        return {
          ...attempt,
          lines: lines.map(({ loggedAt, ...line }) => ({ ...line, at: loggedAt.toISOString() })),
        };
      },
    }),
    route('POST /runs/{id}/cancel', {
      summary: 'Cancel an active run',
      params: runId,
      answer: started('cancelled; its workers stop within seconds'),
      status: 202,
      refusals: { 404: 'no such run', 409: 'the run has ended' },
      handle: async ({ params: { id } }) => {
        await starter.cancelRun(id);
        return { run_id: id };
      },
    }),
    route('POST /runs/{id}/replay', {
      summary:
        'Start a run with the options of an earlier one, or go on from one of its stages with what those before it left',
      params: runId,
      body: z.strictObject({
        from: z.enum(RUN_STAGES).optional(),
        options: runRequestSchema.meta({ id: 'RunRequest' }).optional(),
      }),
      mayOmitBody: true,
      answer: started('started'),
      status: 202,
      refusals: {
        400: 'options that cannot be used, or that no stage would heed',
        403: 'a source that only the command line or the configuration may name',
        404: 'no such run',
        409: 'a run is active, or what the replay would take over is gone',
      },
      handle: async ({ params, body }) => {
        const request = body;
        await refuseSource(request.options ?? {});
        const original = params.id;
        const plan = await planReplay({ db, artifacts }, original, request, true);
        const { runId: id } = await starter.replayRun(original, plan);
        return { run_id: id };
      },
    }),
  ]);
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
