import { modelVersion, registeredModel } from '../../mlflow/messages.ts';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { AliasReason } from '../../tracking/index.ts';
import { type Caller, checkAliasMove, checkRename, checkTagKeys } from '../guard-served.ts';
import { route, type RouteContext } from './route.ts';
import { search, toSearchOptions } from './search.ts';
import { list, optionalText, pair, pairs, requiredText, text, toTags, unlessEmpty } from './wire.ts';

const model = z.object({ name: requiredText });
/** Versions are texts on the wire, numbers with us. */
export const versionNumber = z
  .union([z.int(), text.regex(/^\d{1,9}$/)])
  .transform(Number)
  .pipe(z.int().min(0));

export const registeredModelRoutes = [
  route(
    'POST registered-models/create',
    model.extend({ description: optionalText, tags: pairs }),
    async ({ name, description, tags }, context) => {
      checkTagKeys(tags, context);
      const created = await context.tracking.registry.createModel({ name, description, tags: toTags(tags) });
      return { registered_model: registeredModel.render(created) };
    },
  ),
  route('GET registered-models/get', model, async ({ name }, { tracking }) => ({
    registered_model: registeredModel.render(await tracking.registry.getModel(name)),
  })),
  route(
    'POST registered-models/rename',
    model.extend({ new_name: requiredText }),
    async ({ name, new_name }, context) => {
      checkRename(name, new_name, context);
      return {
        registered_model: registeredModel.render(await context.tracking.registry.renameModel(name, new_name)),
      };
    },
  ),
  route(
    'PATCH registered-models/update',
    model.extend({ description: optionalText }),
    async ({ name, description = '' }, { tracking }) => ({
      registered_model: registeredModel.render(await tracking.registry.updateModel(name, description)),
    }),
  ),
  route('DELETE registered-models/delete', model, async ({ name }, context) => {
    const { registry } = context.tracking;
    const { aliases } = await registry.getModel(name);
    for (const { alias } of aliases) await checkAliasMove(name, alias, context);
    await registry.deleteModel(name, reasonOf(context.caller, 'the registered model was deleted'));
  }),
  route('GET registered-models/search', search, async (input, { tracking, hangUp }) => {
    const page = await tracking.registry.searchModels(toSearchOptions(input, { hangUp }));
    return {
      registered_models: unlessEmpty(page.items.map(registeredModel.render)),
      next_page_token: page.nextPageToken,
    };
  }),
  route(
    'GET,POST registered-models/get-latest-versions',
    model.extend({ stages: list(text) }),
    async ({ name, stages }, { tracking }) => {
      const { latestVersions } = await tracking.registry.getModel(name);
      const wanted = new Set(stages.map((stage) => stage.toLowerCase()));
      const versions = latestVersions.filter(
        ({ modelStage }) => wanted.size === 0 || wanted.has(modelStage.toLowerCase()),
      );
      return { model_versions: unlessEmpty(versions.map(modelVersion.render)) };
    },
  ),
  route(
    'POST registered-models/set-tag',
    z.intersection(model, pair),
    async ({ name, key, value }, context) => {
      checkTagKeys([{ key }], context);
      await context.tracking.registry.setModelTag(name, key, value);
    },
  ),
  route(
    'DELETE registered-models/delete-tag',
    model.extend({ key: requiredText }),
    async ({ name, key }, context) => {
      checkTagKeys([{ key }], context);
      await context.tracking.registry.deleteModelTag(name, key);
    },
  ),
  route(
    'POST registered-models/alias',
    model.extend({ alias: requiredText, version: versionNumber }),
    async ({ name, alias, version }, context) => {
      await checkAliasMove(name, alias, context);
      const { registry } = context.tracking;
      await context.checkLoadable(await registry.getVersion(name, version), alias);
      await registry.setAlias(name, alias, version, reasonOf(context.caller));
    },
  ),
  route(
    'DELETE registered-models/alias',
    model.extend({ alias: requiredText }),
    async ({ name, alias }, context) => {
      await checkAliasMove(name, alias, context);
      await context.tracking.registry.deleteAlias(name, alias, reasonOf(context.caller));
    },
  ),
  route(
    'GET registered-models/alias',
    model.extend({ alias: requiredText }),
    async ({ name, alias }, { tracking }) => ({
      model_version: modelVersion.render(await requireAlias(name, alias, tracking)),
    }),
  ),
];

async function requireAlias(name: string, alias: string, tracking: RouteContext['tracking']) {
  const version = await tracking.registry.findAlias(name, alias);
  if (version !== undefined) return version;
  await tracking.registry.getModel(name);
  // MLflow answers 400 and not 404 here, and its client tells the two apart.
  throw new AppError('invalid-input', `Registered model alias ${alias} not found.`);
}

export function reasonOf(caller: Caller, reason = 'asked for over the MLflow protocol'): AliasReason {
  return { movedBy: caller.name, reason };
}
