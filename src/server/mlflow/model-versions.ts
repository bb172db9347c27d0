import { modelVersion } from '../../mlflow/messages.ts';
import { z } from 'zod';
import { checkAliasMove, checkTagKeys, checkVersionChange } from '../guard-served.ts';
import { checkSource } from './locations.ts';
import { reasonOf, versionNumber } from './registered-models.ts';
import { route, type RouteContext } from './route.ts';
import { search, toSearchOptions } from './search.ts';
import { optionalBoolean, optionalText, pair, pairs, requiredText, toTags, unlessEmpty } from './wire.ts';

/** A prompt keeps its text in tags and has no files; MLflow's client calls its source `prompt-template`. */
const PROMPT_TAG = 'mlflow.prompt.is_prompt';
const PROMPT_SOURCE = /^[\w-]{1,100}$/;

const version = z.object({ name: requiredText, version: versionNumber });

export const modelVersionRoutes = [
  route(
    'POST model-versions/create',
    z.object({
      name: requiredText,
      source: requiredText,
      run_id: optionalText,
      run_link: optionalText,
      model_id: optionalText,
      description: optionalText,
      tags: pairs,
    }),
    async (input, context) => {
      checkTagKeys(input.tags, context);
      const { tracking } = context;
      const source = { source: input.source, runId: orNone(input.run_id), modelId: orNone(input.model_id) };
      const isPrompt = input.tags.some(({ key }) => key === PROMPT_TAG);
      if (!(isPrompt && PROMPT_SOURCE.test(input.source))) await checkSource(source, tracking);
      const created = await tracking.registry.createVersion({
        name: input.name,
        ...source,
        runLink: orNone(input.run_link),
        description: input.description,
        tags: toTags(input.tags),
      });
      if (source.modelId !== undefined) await noteVersion(source.modelId, created, tracking);
      return { model_version: modelVersion.render(created) };
    },
  ),
  route('GET model-versions/get', version, async (given, { tracking }) => ({
    model_version: modelVersion.render(await tracking.registry.getVersion(given.name, given.version)),
  })),
  route(
    'PATCH model-versions/update',
    version.extend({ description: optionalText }),
    async (given, { tracking }) => ({
      model_version: modelVersion.render(
        await tracking.registry.updateVersion(given.name, given.version, given.description ?? ''),
      ),
    }),
  ),
  route(
    'POST model-versions/transition-stage',
    version.extend({ stage: requiredText, archive_existing_versions: optionalBoolean }),
    async (given, { tracking }) => {
      const { name, stage, archive_existing_versions: archive = false } = given;
      return {
        model_version: modelVersion.render(
          await tracking.registry.transitionStage(name, given.version, stage, archive),
        ),
      };
    },
  ),
  route('DELETE model-versions/delete', version, async ({ name, version: number }, context) => {
    const { registry } = context.tracking;
    const { aliases } = await registry.getVersion(name, number);
    for (const alias of aliases) await checkAliasMove(name, alias, context);
    await checkVersionChange(name, number, context);
    const why = reasonOf(context.caller, `version ${number} was deleted`);
    await registry.deleteVersion(name, number, why);
  }),
  route('GET model-versions/search', search, async (input, { tracking, hangUp }) => {
    const page = await tracking.registry.searchVersions(toSearchOptions(input, { hangUp }));
    return {
      model_versions: unlessEmpty(page.items.map(modelVersion.render)),
      next_page_token: page.nextPageToken,
    };
  }),
  route('GET model-versions/get-download-uri', version, async (given, { tracking }) => {
    const { filesUri } = await tracking.registry.getVersion(given.name, given.version);
    return { artifact_uri: filesUri };
  }),
  route('POST model-versions/set-tag', z.intersection(version, pair), async (given, context) => {
    checkTagKeys([given], context);
    await context.tracking.registry.setVersionTag(given.name, given.version, given.key, given.value);
  }),
  route('DELETE model-versions/delete-tag', version.extend({ key: requiredText }), async (given, context) => {
    checkTagKeys([given], context);
    await context.tracking.registry.deleteVersionTag(given.name, given.version, given.key);
  }),
];

/**
 * The logged model says which versions were made of it, in the words (and the spacing) that MLflow's pages
 * read.
 */
async function noteVersion(
  modelId: string,
  { name, version: number }: { name: string; version: number },
  tracking: RouteContext['tracking'],
): Promise<void> {
  const { registrations } = await tracking.loggedModels.get(modelId);
  const versions = registrations.some((one) => one.name === name && one.version === number)
    ? registrations
    : [...registrations, { name, version: number }];
  const text = versions
    .map((one) => `{"name": ${JSON.stringify(one.name)}, "version": ${one.version}}`)
    .join(', ');
  await tracking.loggedModels.setTags(modelId, { 'mlflow.modelVersions': `[${text}]` });
}

function orNone(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
