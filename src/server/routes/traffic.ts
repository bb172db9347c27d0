/** `PUT /serving/traffic`: canary and shadow, and back in one call. */
import { AppError } from '../../core/errors.ts';
import type { Db } from '../../db/index.ts';
import { CHALLENGER, type RegistryStore } from '../../tracking/index.ts';
import {
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  jsonBody,
  type Router,
} from '../http/index.ts';
import {
  findActiveCanary,
  readTraffic,
  trafficSchema,
  writeTraffic,
  type ServedModels,
} from '../../serving/index.ts';

const namedTraffic = trafficSchema.meta({ id: 'Traffic' });
const answer = jsonAnswer('the division in force', { traffic: namedTraffic });

const getRoute = defineRoute({
  method: 'get',
  path: '/serving/traffic',
  tags: ['serving'],
  summary: 'How requests are divided between champion and challenger',
  responses: { 200: answer },
});

const putRoute = defineRoute({
  method: 'put',
  path: '/serving/traffic',
  tags: ['serving'],
  summary: 'Divide requests anew, in every server process; {"champion": 100} takes everything back',
  request: { body: jsonBody(namedTraffic) },
  responses: {
    200: answer,
    400: errorResponse('the shares do not make 100 percent'),
    409: errorResponse('there is no challenger to send requests to, or a canary has its share'),
  },
});

export function createTrafficRoutes(deps: {
  db: Db;
  models: ServedModels;
  registry: Pick<RegistryStore, 'findAlias'>;
  modelName: string;
}): Router {
  const { registry, modelName } = deps;
  return createRouter()
    .openapi(getRoute, async function showTraffic(c) {
      return c.json({ status: 'success' as const, traffic: await readTraffic(deps.db) }, 200);
    })
    .openapi(putRoute, async function setTraffic(c) {
      const traffic = c.req.valid('json');
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
      return c.json({ status: 'success' as const, traffic }, 200);
    });
}
