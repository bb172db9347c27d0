/**
 * Follows a prediction, or a model version, back to what it came from: version, tracking run, dataset, gate
 * report, pipeline run.
 */
import { z } from 'zod';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { Config } from '../../core/config/index.ts';
import { AppError, orMissing } from '../../core/errors.ts';
import { sha256Hex } from '../../core/ids.ts';
import type { Db } from '../../db/index.ts';
import {
  RUN_TAG,
  WEIGHTS_TAG,
  type AliasMove,
  type ModelVersion,
  type Run,
  type TrackingStore,
} from '../../tracking/index.ts';
import { authorSchema, findPrediction, type StoredPrediction } from '../predictions/index.ts';
import { readDatasetLink, readGateLink, readPipelineRunLink, readRunLink } from './links.ts';
import { missing, type Receipt } from './schema.ts';

export interface ReceiptDeps {
  db: Db;
  tracking: TrackingStore;
  artifacts: ArtifactStore;
  config: { serving: Pick<Config['serving'], 'predictionSampleRate'> };
}

interface VersionRef {
  name: string;
  version: number;
}

/** @throws AppError `not-found` when nothing at all is known of the prediction */
export async function readPredictionReceipt(id: string, deps: ReceiptDeps): Promise<Receipt> {
  const found = await findPrediction(deps.db, id, deps.config.serving);
  switch (found.kind) {
    case 'stored': {
      const { prediction } = found;
      const ref = { name: prediction.modelName, version: prediction.modelVersion };
      return {
        prediction: toPredictionLink(prediction),
        ...(await followVersion(ref, prediction.createdAt, deps)),
      };
    }
    case 'erased': {
      const ref = { name: found.modelName, version: found.modelVersion };
      const message = `prediction ${id} of ${found.predictedAt.toISOString()} was erased on request at ${found.erasedAt.toISOString()}; which model made it was kept`;
      return {
        prediction: missing('erased', message),
        ...(await followVersion(ref, found.predictedAt, deps)),
      };
    }
    case 'not-sampled':
      throw new AppError(
        'not-found',
        `prediction ${id} was not sampled: serving.predictionSampleRate is ${deps.config.serving.predictionSampleRate}, so nothing of it was stored`,
        { details: { cause: 'not-sampled' } },
      );
    case 'unknown':
      throw new AppError(
        'not-found',
        `nothing is known of a prediction ${id}: it was never made here, was dropped under load, or is past serving.predictionRetentionDays`,
        { details: { cause: 'unknown' } },
      );
    default:
      return found satisfies never;
  }
}

/** @throws AppError `not-found` when there is no such version and never was */
export async function readVersionReceipt(ref: VersionRef, deps: ReceiptDeps): Promise<Receipt> {
  const chain = await followVersion(ref, new Date(), deps);
  if (chain.model_version.status === 'missing' && chain.model_version.cause === 'unknown')
    throw new AppError('not-found', chain.model_version.message);
  return { prediction: null, ...chain };
}

async function followVersion(
  ref: VersionRef,
  at: Date,
  deps: ReceiptDeps,
): Promise<Omit<Receipt, 'prediction'>> {
  const { tracking, artifacts, db } = deps;
  const label = `version ${ref.version} of ${ref.name}`;
  const model = await orMissing(tracking.registry.getVersion(ref.name, ref.version));
  if (model === undefined) {
    const moves = (await orMissing(tracking.registry.aliasHistory(ref.name))) ?? [];
    const wasThere = moves.some((move) => move.toVersion === ref.version || move.fromVersion === ref.version);
    const gone = missing(
      wasThere ? 'deleted' : 'unknown',
      wasThere
        ? `${label} was deleted from the registry; its alias history remains`
        : `${label} is not in the registry: it was deleted, or there never was one`,
    );
    const beyond = missing('unknown', `only ${label} knew it, and that is gone`);
    return {
      model_version: gone,
      tracking_run: beyond,
      dataset: beyond,
      gate: beyond,
      pipeline_run: beyond,
    };
  }
  const run = model.runId === null ? undefined : await orMissing(tracking.runs.get(model.runId));
  const pipelineRunId = model.pipelineRunId ?? model.tags[RUN_TAG] ?? run?.tags[RUN_TAG];
  return {
    model_version: toVersionLink(model, await tracking.registry.aliasHistory(ref.name), at, run),
    tracking_run: readRunLink(model, run),
    dataset: await readDatasetLink(db, model, run),
    gate: await readGateLink(artifacts, { run, pipelineRunId }),
    pipeline_run: await readPipelineRunLink(db, pipelineRunId),
  };
}

/** Of a stored answer, what its receipt tells; answers of earlier versions lack some of it. */
const answered = z.object({
  model: z.object({ alias: z.string() }).nullish().catch(null),
  brand: z.object({ name: z.string(), version: z.int() }).nullable().catch(null),
  authors: z.array(authorSchema).catch([]),
});

function toPredictionLink(prediction: StoredPrediction): Receipt['prediction'] {
  const { model, brand, authors } = answered.parse(prediction.response);
  return {
    status: 'found',
    id: prediction.id,
    created_at: prediction.createdAt.toISOString(),
    title: prediction.title,
    ad_copy: prediction.copyText,
    confidence_score: prediction.confidenceScore,
    writer: prediction.writer,
    request_id: prediction.requestId,
    served_as: model?.alias ?? null,
    brand,
    authors,
    response_sha256: sha256Hex(JSON.stringify(prediction.response)),
  };
}

function toVersionLink(
  model: ModelVersion,
  moves: readonly AliasMove[],
  at: Date,
  run: Run | undefined,
): Receipt['model_version'] {
  return {
    status: 'found',
    name: model.name,
    version: model.version,
    registered_at: new Date(model.creationTimeMs).toISOString(),
    source: model.source,
    weights_sha256: model.tags[WEIGHTS_TAG] ?? run?.tags[WEIGHTS_TAG] ?? null,
    aliases: listAliasesAt(moves, model.version, at),
  };
}

/** The aliases that pointed at the version at that time, by what moved last before it. */
function listAliasesAt(
  moves: readonly AliasMove[],
  version: number,
  at: Date,
): { alias: string; since: string; moved_by: string; reason: string }[] {
  const last = new Map<string, AliasMove>();
  // Newest first: the first one seen of an alias is its last.
  for (const move of moves) {
    if (move.movedAt <= at && !last.has(move.alias)) last.set(move.alias, move);
  }
  return [...last.values()]
    .filter((move) => move.toVersion === version)
    .map((move) => ({
      alias: move.alias,
      since: move.movedAt.toISOString(),
      moved_by: move.movedBy,
      reason: move.reason,
    }));
}
