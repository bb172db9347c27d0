/**
 * How a method of MLflow's REST API is declared: its path below `mlflow/`, what it takes, what it answers.
 */
import type { Context } from 'hono';
import type { z } from 'zod';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { ModelVersion, SendRules, TrackingStore, WebhookStore } from '../../tracking/index.ts';
import type { ServedGuard } from '../guard-served.ts';
import type { AppEnv } from '../http/index.ts';
import { readInput, type PlainReader } from './wire.ts';

const HTTP_METHODS = ['GET', 'POST', 'PATCH', 'DELETE'] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

export interface RouteContext extends ServedGuard {
  tracking: TrackingStore;
  artifacts: ArtifactStore;
  /** Aborted when the caller hangs up before the answer: what only asks ends then. */
  hangUp: () => AbortSignal;
  /** @throws AppError `bad-model` when the alias would serve a version that copyloop cannot load */
  checkLoadable: (version: ModelVersion, alias: string) => Promise<void>;
  webhooks: {
    store: WebhookStore;
    rules: SendRules;
    /**
     * Address of the MLflow server that keeps the registry in our place, if one does (`tracking.uri`): its
     * changes never come by here.
     */
    trackedBy?: string | null;
  };
}

export interface MlflowRoute {
  methods: readonly HttpMethod[];
  /** `runs/create`, `logged-models/:model_id`. */
  path: string;
  /** The answer, or its JSON where that was written already. */
  answer: (c: Context<AppEnv>, context: RouteContext) => Promise<object | string>;
}

/**
 * `'POST runs/create'`, `'GET,POST experiments/search'`.
 * @param readPlain reads what is formed as clients form it, and leaves the rest, faults among it, to the
 * schema
 */
export function route<T extends z.ZodType>(
  where: string,
  schema: T,
  handle: (input: z.output<T>, context: RouteContext) => Promise<object | string | void>,
  readPlain?: PlainReader<z.output<T>>,
): MlflowRoute {
  const [methods = '', path = ''] = where.split(' ');
  return {
    methods: methods.split(',') as HttpMethod[],
    path,
    answer: async (c, context) => (await handle(await readInput(c, schema, readPlain), context)) ?? {},
  };
}
