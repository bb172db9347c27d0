/**
 * What is on record of a model version's training, checked against everything that was stored, before
 * anything is rebuilt.
 */
import path from 'node:path';
import { AppError, toError } from '../../core/errors.ts';
import { isJsonObject } from '../../core/json-object.ts';
import { fetchSplitFile, getDatasetVersion, SPLITS, type DatasetVersion } from '../../data/index.ts';
import {
  hashBaseModel,
  hashWeights,
  provenanceSchema,
  readBaseModel,
  readWeights,
  resolveBaseDirectory,
  verifyModelDirectory,
  type Hub,
  type Manifest,
  type Provenance,
} from '../../ml/index.ts';
import { PROVENANCE_TAG, type ModelVersion, type Run, type TrackingStore } from '../../tracking/index.ts';
import type { StageServices } from '../loop/context.ts';
import { fetchModel } from '../stages/model-files.ts';

/**
 * @throws AppError `not-found` when the version, its run or the record is not there, `bad-model` for a record
 *   that cannot be read
 */
export async function readRecord(
  tracking: TrackingStore,
  name: string,
  version: number,
): Promise<{ model: ModelVersion; run: Run; record: Provenance }> {
  const model = await tracking.registry.getVersion(name, version);
  const label = `version ${version} of ${name}`;
  if (model.runId === null) {
    throw new AppError(
      'not-found',
      `${label} names no tracking run: whoever registered it left no record of a training`,
    );
  }
  const run = await tracking.runs.get(model.runId).catch((cause: unknown) => {
    throw new AppError(
      'not-found',
      `the tracking run ${model.runId} of ${label} is gone, and with it the record of the training`,
      { cause },
    );
  });
  const text = run.tags[PROVENANCE_TAG];
  if (text === undefined) {
    throw new AppError(
      'not-found',
      `the tracking run ${run.runId} of ${label} has no tag ${PROVENANCE_TAG}: copyloop did not train it, or an older one did`,
    );
  }
  try {
    return { model, run, record: provenanceSchema.parse(JSON.parse(text)) };
  } catch (cause) {
    throw new AppError(
      'bad-model',
      `the tag ${PROVENANCE_TAG} of the tracking run ${run.runId} cannot be read: ${toError(cause).message}`,
      { cause },
    );
  }
}

/**
 * The stored model, whole and as it was registered. @throws AppError `bad-model` naming the file, the field
 * or the hash that differs
 */
export async function fetchRecordedModel(
  services: Pick<StageServices, 'artifacts'>,
  { model, run, record }: { model: ModelVersion; run: Run; record: Provenance },
  directory: string,
  signal: AbortSignal,
): Promise<Manifest> {
  const label = `version ${model.version} of ${model.name}`;
  const manifest = await fetchModel(services.artifacts, model.filesUri, directory, signal)
    .then(() => verifyModelDirectory(directory))
    .catch((cause: unknown) => {
      const { message } = toError(cause);
      throw new AppError(
        'bad-model',
        `the stored model of ${label}: ${message.replaceAll(directory, model.source)}`,
        {
          cause,
        },
      );
    });
  const [difference] = listDifferences(record, manifest.provenance ?? null);
  if (difference !== undefined) {
    throw new AppError(
      'bad-model',
      `the two records of the training of ${label} disagree on ${difference.field}: the tracking run ${run.runId} says ${difference.recorded}, copyloop.json says ${difference.found}`,
      { details: { field: difference.field } },
    );
  }
  const found = hashWeights(await readWeights(path.join(directory, 'model.safetensors')));
  if (found !== record.weightsSha256) {
    throw new AppError(
      'bad-model',
      `the stored weights of ${label} have the hash ${found}, recorded is ${record.weightsSha256}: they were replaced`,
    );
  }
  return manifest;
}

/**
 * Copies every split into the folder. @throws AppError `not-found` or `bad-data` naming the hash that differs
 */
export async function fetchRecordedDataset(
  services: Pick<StageServices, 'artifacts' | 'database'>,
  record: Provenance,
  folder: string,
): Promise<DatasetVersion> {
  const { dataset, files } = record;
  if (dataset === null)
    throw new AppError('not-found', 'the training was made outside the pipeline: its rows were not kept');
  const version = await getDatasetVersion(services.database.db, dataset.version);
  requireHash(`the digest of dataset version ${version.version}`, version.digest, dataset.digest);
  for (const split of SPLITS) {
    const { key, sha256 } = version.manifest.splits[split];
    if (split !== 'holdout') requireHash(`the manifest's sha256 of ${key}`, sha256, files[split]);
    try {
      await fetchSplitFile(services.artifacts, version, split, path.join(folder, `${split}.csv`));
    } catch (cause) {
      if (!(cause instanceof AppError) || cause.code !== 'not-found') throw cause;
      throw new AppError(
        'not-found',
        `${key} of dataset version ${version.version} is gone: ${cause.message}`,
        {
          cause,
        },
      );
    }
  }
  return version;
}

/**
 * The local directory of the base encoder, found by the recorded name or at `place`.
 * @throws AppError `not-found`, or `bad-model` when it is another one than was trained from
 */
export async function findRecordedBase(
  record: Provenance,
  { place, hub, signal }: { place?: string | undefined; hub: Hub; signal: AbortSignal },
): Promise<string> {
  const { name, sha256 } = record.base;
  const directory = await resolveBaseDirectory(place ?? name, hub, signal).catch((cause: unknown) => {
    if (!(cause instanceof AppError) || cause.code !== 'not-found') throw cause;
    throw new AppError(
      'not-found',
      `the base encoder ${place ?? name} is not on this machine (${cause.message}): give the directory that has the hash ${sha256} with --base`,
      { cause },
    );
  });
  const found = await hashBaseModel(await readBaseModel(directory));
  if (found !== sha256) {
    throw new AppError(
      'bad-model',
      `the base encoder ${directory} has the hash ${found}, the training began from ${sha256}: it was changed, give the original with --base`,
    );
  }
  return directory;
}

function requireHash(what: string, found: string, recorded: string): void {
  if (found !== recorded)
    throw new AppError('bad-data', `${what} is ${found}, the training recorded ${recorded}: it was changed`);
}

/** Fields of the record that the manifest gives otherwise, by their path. */
function listDifferences(
  recorded: unknown,
  found: unknown,
  field = '',
): { field: string; recorded: string; found: string }[] {
  if (isJsonObject(recorded) && isJsonObject(found)) {
    const names = new Set([...Object.keys(recorded), ...Object.keys(found)]);
    return [...names].flatMap((name) =>
      listDifferences(recorded[name], found[name], field === '' ? name : `${field}.${name}`),
    );
  }
  const [a, b] = [JSON.stringify(recorded) ?? 'nothing', JSON.stringify(found) ?? 'nothing'];
  return a === b ? [] : [{ field: field === '' ? 'everything' : field, recorded: a, found: b }];
}
