/** `/learning/canary`: the version on trial, what it has earned, and an admin's way to end it. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { CANARY_STATUSES } from '../../db/index.ts';
import { listCanaries, stopCanary, type CanaryDeps, type CanaryKeeper } from '../../serving/index.ts';
import { createRoutes, jsonAnswer, renderAs, route, type AppEnv, type Router } from '../http/index.ts';
import { reasonSchema } from './models.ts';

const SHOWN = 20;
const figure = z.number();
const side = z.object({ products: figure, shown: figure, rewards: figure });
const canarySchema = z
  .object({
    id: z.int(),
    version: z.int(),
    champion: z.int().openapi({ description: 'The version that the gate compared it with' }),
    status: z.enum(CANARY_STATUSES),
    rules: z.object({
      share: figure,
      alpha: figure,
      budget: figure,
      minimum_events: figure,
      max_days: figure,
      reward: z.string(),
    }),
    evidence: z
      .object({
        champion: side,
        challenger: side,
        difference: figure,
        low: figure,
        high: figure,
        because: z.string().nullable().openapi({ description: 'Why nothing is decided yet' }),
        looked_at: z.iso.datetime(),
      })
      .nullable(),
    reason: z.string().openapi({ description: 'Why the gate let it in; after its end, why it ended' }),
    settled_by: z.string().nullable(),
    pipeline_run_id: z.string().nullable(),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    ended_at: z.iso.datetime().nullable(),
  })
  .openapi('Canary');
const answer = jsonAnswer('the newest canaries, the one with traffic apart', {
  canaries: z.array(canarySchema),
  active: z.union([canarySchema, z.null()]),
});

export function createCanaryRoutes(
  deps: CanaryDeps,
  keeper: Pick<CanaryKeeper, 'look'>,
  nameCaller: (c: Context<AppEnv>) => string,
): Router {
  const show = async () => {
    const canaries = await listCanaries(deps.db, deps.modelName, SHOWN);
    const active = canaries.find(({ status }) => status === 'running' || status === 'settling');
    return {
      active: active === undefined ? null : renderAs(canarySchema, active),
      canaries: canaries.map((canary) => renderAs(canarySchema, canary)),
    };
  };
  return createRoutes('learning', [
    route('GET /learning/canary', {
      summary: 'The version that takes a share of the traffic until evidence settles it, and those before it',
      answer,
      handle: async () => {
        return await show();
      },
    }),
    route('POST /learning/canary/settle', {
      summary: 'Look at the evidence now, and do what follows from it; servers look every half minute',
      answer,
      handle: async () => {
        await keeper.look();
        return await show();
      },
    }),
    route('POST /learning/canary/stop', {
      summary: 'End the canary, or the next that waits, undecided; the champion stays',
      body: reasonSchema,
      answer,
      refusals: { 404: 'no canary runs or waits', 429: 'another process has been settling it for long' },
      handle: async ({ body, c }) => {
        await stopCanary(deps, { by: nameCaller(c), reason: body.reason });
        return await show();
      },
    }),
  ]);
}
