/** How a method of MLflow's REST API is declared: its path below `mlflow/`, what it takes, what it answers. */
import type { Context } from 'hono';
import type { z } from 'zod';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { SendRules, TrackingStore, WebhookStore } from '../../tracking/index.ts';
import type { AppEnv } from '../http/index.ts';
import { readInput, type PlainReader } from './wire.ts';

export const HTTP_METHODS = ['GET', 'POST', 'PATCH', 'DELETE'] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

/** Who asks, and whether what the gate decides (the champion, the tags of the pipeline) is theirs to change. */
export interface Caller {
  name: string;
  isAdmin: boolean;
}

/** The alias that decides which model answers: moved by the gate and by admins alone. */
export interface ProtectedAlias {
  model: string;
  alias: string;
}

export interface RouteContext {
  tracking: TrackingStore;
  artifacts: ArtifactStore;
  caller: Caller;
  champion: ProtectedAlias;
  webhooks: {
    store: WebhookStore;
    rules: SendRules;
    /** Address of the MLflow server that keeps the registry in our place, if one does (`tracking.uri`): its changes never come by here. */
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
 * @param readPlain reads what is formed as clients form it, and leaves the rest, faults among it, to the schema
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
