/** `GET /info`: what serves, with which limits. */
import { z } from '@hono/zod-openapi';
import type { Config } from '../../core/config/index.ts';
import { toError } from '../../core/errors.ts';
import { listWriters } from '../../copy/index.ts';
import type { ThreadCounts } from '../../serving/index.ts';
import { createRoutes, jsonAnswer, route, type Router } from '../http/index.ts';
import { SERVED_ALIASES, trafficSchema, type ServedModels } from '../../serving/index.ts';

const servedSchema = z
  .object({
    alias: z.enum(SERVED_ALIASES),
    name: z.string(),
    version: z.int(),
    precision: z.string(),
    /** What was decided at export, and on what ground. */
    exported: z
      .object({
        precision: z.string(),
        validation_accuracy: z.object({ fp32: z.number(), int8: z.number() }),
        precision_tolerance: z.number(),
      })
      .nullable(),
    loaded_at: z.iso.datetime(),
    load_ms: z.number(),
  })
  .openapi('ServedModel');

export function createInfoRoutes(deps: {
  config: Pick<Config, 'server' | 'serving' | 'copy'>;
  models: ServedModels;
  threads: ThreadCounts;
  version: string;
  checkDatabase: () => Promise<void>;
}): Router {
  const { config, models, threads, version, checkDatabase } = deps;
  const { server, serving } = config;
  return createRoutes('health', [
    route('GET /info', {
      summary: 'What serves, with which limits',
      answer: jsonAnswer('information', {
        service: z.literal('copyloop'),
        version: z.string(),
        node: z.string(),
        models: z.array(servedSchema),
        load_failures: z.array(
          z.object({
            alias: z.enum(SERVED_ALIASES),
            name: z.string(),
            version: z.int(),
            error: z.string(),
          }),
        ),
        traffic: trafficSchema,
        database: z.object({ reachable: z.boolean(), error: z.string().nullable() }),
        writer: z.string(),
        sessions: z.int(),
        threads_per_session: z.int(),
        limits: z.object({
          max_length: z.int(),
          max_batch_tokens: z.int(),
          max_queue_tokens: z.int(),
          max_batch_items: z.int(),
          max_title_chars: z.int(),
          max_description_chars: z.int(),
          request_timeout_ms: z.int(),
        }),
      }),
      handle: async () => {
        const database = await checkDatabase().then(
          () => ({ reachable: true, error: null }),
          (thrown: unknown) => ({ reachable: false, error: toError(thrown).message }),
        );
        const served = SERVED_ALIASES.flatMap((alias) => {
          const model = models.current(alias);
          if (model === undefined) return [];
          return [
            {
              alias,
              ...model.ref,
              precision: model.precision,
              exported:
                model.exported === undefined
                  ? null
                  : {
                      precision: model.exported.servePrecision,
                      validation_accuracy: model.exported.validationAccuracy,
                      precision_tolerance: model.exported.precisionTolerance,
                    },
              loaded_at: model.loadedAt.toISOString(),
              load_ms: Math.round(model.loadMs),
            },
          ];
        });
        return {
          service: 'copyloop' as const,
          version,
          node: process.version,
          models: served,
          load_failures: models
            .failures()
            .map(({ alias, ref, error }) => ({ alias, ...ref, error: error.message })),
          traffic: models.traffic,
          database,
          writer: listWriters(config.copy)[0] ?? 'templates',
          sessions: threads.sessions,
          threads_per_session: threads.threadsPerSession,
          limits: {
            max_length: serving.maxLength,
            max_batch_tokens: serving.maxBatchTokens,
            max_queue_tokens: serving.maxQueueTokens,
            max_batch_items: server.maxBatchItems,
            max_title_chars: server.maxTitleChars,
            max_description_chars: server.maxDescriptionChars,
            request_timeout_ms: serving.requestTimeoutMs,
          },
        };
      },
    }),
  ]);
}
