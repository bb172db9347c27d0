/** `PUT /serving/traffic`: canary and shadow, and back in one call. */
import { AppError } from '../../core/errors.ts';
import type { Db } from '../../db/index.ts';
import { CHALLENGER, type RegistryStore } from '../../tracking/index.ts';
import { createRoutes, jsonAnswer, route, type Router } from '../http/index.ts';
import {
  findActiveCanary,
  readTraffic,
  trafficSchema,
  writeTraffic,
  type ServedModels,
} from '../../serving/index.ts';

const namedTraffic = trafficSchema.meta({ id: 'Traffic' });
const answer = jsonAnswer('the division in force', { traffic: namedTraffic });

export function createTrafficRoutes(deps: {
  db: Db;
  models: ServedModels;
  registry: Pick<RegistryStore, 'findAlias'>;
  modelName: string;
}): Router {
  const { registry, modelName } = deps;
  return createRoutes('serving', [
    route('GET /serving/traffic', {
      summary: 'How requests are divided between champion and challenger',
      answer,
      handle: async () => ({ traffic: await readTraffic(deps.db) }),
    }),
    route('PUT /serving/traffic', {
      summary: 'Divide requests anew, in every server process; {"champion": 100} takes everything back',
      body: namedTraffic,
      answer,
      refusals: {
        400: 'the shares do not make 100 percent',
        409: 'there is no challenger to send requests to, or a canary has its share',
      },
      handle: async ({ body }) => {
        const traffic = body;
        const canary = await findActiveCanary(deps.db, modelName);
        if (canary !== undefined)
          throw new AppError(
            'conflict',
            `version ${canary.version} of ${modelName} is a canary, whose share is not changed by hand: end it with POST /learning/canary/stop first`,
          );
        if (traffic.challenger > 0 && (await registry.findAlias(modelName, CHALLENGER)) === undefined) {
          throw new AppError(
            'conflict',
            `challenger is ${traffic.challenger}, but no version of ${modelName} has the alias "${CHALLENGER}": set it first, or send {"champion": 100}`,
            { details: { field: 'challenger' } },
          );
        }
        await writeTraffic(deps.db, traffic);
        await deps.models.refresh();
        return { traffic };
      },
    }),
  ]);
}
