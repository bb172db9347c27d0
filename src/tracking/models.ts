/** The registry as the pipeline uses it, on either tracking backend. */
import type { ModelVersion } from './entities.ts';
import type { NewModelVersion, TrackingStore } from './tracking-store.ts';
import { AppError } from '../core/errors.ts';
import { nameIs } from './filters.ts';

export const CHAMPION = 'champion';
export const CHALLENGER = 'challenger';

/** Tag of a version: what `copyloop verify` found last, and when: `equal 2026-12-01T00:00:00.000Z`. */
export const VERIFIED_TAG = 'copyloop.verified';

/** Tag of a version: its accuracy on the holdout when it was registered. */
export const ACCURACY_TAG = 'copyloop.accuracy';

export interface ModelAccuracy {
  version: number;
  /**
   * On the holdout when it was registered; null for versions that other clients registered without saying.
   */
  accuracy: number | null;
  runId: string | null;
  createdAt: Date;
  aliases: string[];
  tags: ModelVersion['tags'];
}

/**
 * Registers one version per pipeline run: asked again after a crash it gives the version that is there. Makes
 * the registered model when there is none.
 */
export async function registerModel(
  store: TrackingStore,
  model: Omit<NewModelVersion, 'tags'> & { accuracy: number; tags?: Record<string, string> },
): Promise<ModelVersion> {
  const { accuracy, tags = {}, ...version } = model;
  await ensureModel(store, version.name);
  return await store.registry.createVersion({
    ...version,
    tags: { ...tags, [ACCURACY_TAG]: String(accuracy) },
  });
}

/** All versions, newest first. */
export async function allModelAccuracies(
  store: Pick<TrackingStore, 'registry'>,
  name: string,
): Promise<ModelAccuracy[]> {
  const found: ModelAccuracy[] = [];
  let pageToken: string | undefined;
  do {
    const page = await store.registry.searchVersions({
      filter: nameIs(name),
      orderBy: ['version_number DESC'],
      maxResults: 1000,
      pageToken,
    });
    found.push(...page.items.map(toAccuracy));
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return found;
}

/** The most accurate version, of equals the oldest; undefined when no version has an accuracy. */
export async function bestModelAccuracy(
  store: TrackingStore,
  name: string,
): Promise<(ModelAccuracy & { accuracy: number }) | undefined> {
  let best: (ModelAccuracy & { accuracy: number }) | undefined;
  for (const model of await allModelAccuracies(store, name)) {
    const { accuracy } = model;
    if (accuracy !== null && (best === undefined || accuracy >= best.accuracy)) best = { ...model, accuracy };
  }
  return best;
}

export interface VersionComparison {
  current: ModelAccuracy;
  /** The version before it that still exists; null for the first. */
  previous: ModelAccuracy | null;
  /** Over the previous one; null when either accuracy is unknown. */
  gain: number | null;
  /** Every version before it, newest first, with what the current one gains over it. */
  earlier: (ModelAccuracy & { gain: number | null })[];
}

/**
 * A version beside those before it. Each accuracy is the one measured when it was registered: only the gate
 * compares on the same rows.
 * @param models of `allModelAccuracies`
 */
export function compareVersions(models: readonly ModelAccuracy[], current: ModelAccuracy): VersionComparison {
  const earlier = models
    .filter(({ version }) => version < current.version)
    .map((model) => ({
      ...model,
      gain: current.accuracy === null || model.accuracy === null ? null : current.accuracy - model.accuracy,
    }));
  const [previous = null] = earlier;
  return {
    current,
    previous: previous === null ? null : (models.find(({ version }) => version === previous.version) ?? null),
    gain: previous?.gain ?? null,
    earlier,
  };
}

/** @throws AppError `not-found` */
export async function compareWithPrevious(
  store: Pick<TrackingStore, 'registry'>,
  name: string,
  version: number,
): Promise<VersionComparison> {
  const models = await allModelAccuracies(store, name);
  const current = models.find((model) => model.version === version);
  if (current === undefined)
    throw new AppError('not-found', `Model Version (name=${name}, version=${version}) not found`);
  return compareVersions(models, current);
}

async function ensureModel(store: TrackingStore, name: string): Promise<void> {
  try {
    await store.registry.createModel({ name });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'already-exists') throw error;
  }
}

function toAccuracy(version: ModelVersion): ModelAccuracy {
  const accuracy = Number(version.tags[ACCURACY_TAG] ?? Number.NaN);
  return {
    version: version.version,
    accuracy: Number.isFinite(accuracy) ? accuracy : null,
    runId: version.runId,
    createdAt: new Date(version.creationTimeMs),
    aliases: version.aliases,
    tags: version.tags,
  };
}
