/**
 * Scores of any registered version: for prediction jobs, for what a version would have earned, and for
 * requests that name one. Versions are loaded when they are asked for and unloaded when nobody has used them
 * for a while, or when another needs their room.
 *
 * An int8 model scales its activations by the range of the whole batch, so that a text's score depends a
 * little on its neighbours. Batches therefore follow from the texts alone, never from what waits by chance:
 * the same texts get the same scores, however often and wherever they are scored again.
 */
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { MINUTE_MS } from '../../core/clock.ts';
import type { Config } from '../../core/config/index.ts';
import { AppError, toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { TrackingStore } from '../../tracking/index.ts';
import { bucketByLength, openTokenizer, type TextTokenizer } from '../../ml/index.ts';
import { chooseThreadCounts, openScoringThread, type ScoringThread } from '../scoring/index.ts';
import type { VersionRef } from './loaded-model.ts';
import { openModelCache, type ModelCache } from './model-cache.ts';

export interface VersionScorers {
  /**
   * Runs `body` with the scores of this version, which stays loaded meanwhile.
   * @throws AppError as loading does, `too-busy` while `mostVersions` others are in use; `score` throws
   *   `unavailable` when a thread died, and the signal's reason
   */
  withVersion<T>(
    ref: VersionRef,
    body: (score: (texts: readonly string[], signal: AbortSignal) => Promise<number[]>) => Promise<T>,
  ): Promise<T>;
  close(): Promise<void>;
}

interface LoadedVersion {
  threads: ScoringThread[];
  tokenizer: TextTokenizer;
  unload(): Promise<void>;
}

interface Entry {
  loading: Promise<LoadedVersion>;
  users: number;
  idle?: NodeJS.Timeout | undefined;
}

const KEPT_IDLE_MS = MINUTE_MS;
const RETRY_AFTER_SECONDS = 10;

/** @param deps.mostVersions that are loaded at once, where anybody may ask for any of them */
export function openVersionScorers(deps: {
  registry: Pick<TrackingStore['registry'], 'getVersion'>;
  artifacts: ArtifactStore;
  config: Pick<Config, 'serving' | 'storage'>;
  log: Logger;
  mostVersions?: number;
}): VersionScorers {
  const { mostVersions = Infinity } = deps;
  const { serving, storage } = deps.config;
  const entries = new Map<string, Entry>();
  let cache: Promise<ModelCache> | undefined;

  const load = async (ref: VersionRef): Promise<LoadedVersion> => {
    cache ??= openModelCache({ artifacts: deps.artifacts, varDir: storage.varDir });
    const files = await cache;
    const { filesUri } = await deps.registry.getVersion(ref.name, ref.version);
    const modelDirectory = await files.fetch(ref, filesUri);
    const tokenizer = await openTokenizer(modelDirectory);
    const counts = chooseThreadCounts(serving);
    const opened = await Promise.allSettled(
      Array.from({ length: counts.sessions }, () =>
        openScoringThread({
          modelDirectory,
          precision: serving.precision,
          threads: counts.threadsPerSession,
          maxLength: serving.maxLength,
          isBackground: true,
        }),
      ),
    );
    const threads = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const unload = async (): Promise<void> => {
      await Promise.all(threads.map((thread) => thread.close()));
      await files.drop(modelDirectory);
    };
    const failure = opened.find((result) => result.status === 'rejected');
    if (failure === undefined) return { threads, tokenizer, unload };
    await unload();
    throw failure.reason;
  };

  /** Unloads what nobody has used for longest, where another would be one too many. */
  const makeRoom = async (): Promise<void> => {
    if (entries.size < mostVersions) return;
    const idle = [...entries].find(([, { users }]) => users === 0);
    if (idle === undefined)
      throw new AppError(
        'too-busy',
        `${mostVersions} other versions are in use, and no more are loaded at once: try again in ${RETRY_AFTER_SECONDS} s`,
        { details: { retryAfterSeconds: RETRY_AFTER_SECONDS, limit: mostVersions } },
      );
    entries.delete(idle[0]);
    await dispose(idle[1]);
  };

  const acquire = (ref: VersionRef): { key: string; entry: Entry } => {
    const key = `${ref.name}/${ref.version}`;
    let entry = entries.get(key);
    if (entry === undefined) {
      const fresh: Entry = { loading: makeRoom().then(() => load(ref)), users: 0 };
      // Whatever was not loaded, or lost a thread, is loaded anew for whoever comes next.
      const forget = (): void => {
        if (entries.get(key) === fresh) entries.delete(key);
        if (fresh.users === 0) void dispose(fresh);
      };
      fresh.loading.then(
        ({ threads }) => void Promise.race(threads.map(({ gone }) => gone)).then(forget),
        forget,
      );
      entries.set(key, fresh);
      entry = fresh;
    }
    clearTimeout(entry.idle);
    entry.users += 1;
    return { key, entry };
  };

  const dispose = async (entry: Entry): Promise<void> => {
    clearTimeout(entry.idle);
    await entry.loading
      .then(({ unload }) => unload())
      .catch((thrown: unknown) =>
        deps.log.debug({ err: toError(thrown) }, 'a model version was not unloaded'),
      );
  };

  return {
    withVersion: async (ref, body) => {
      const { key, entry } = acquire(ref);
      try {
        const loaded = await entry.loading;
        return await body((texts, signal) => scoreInOrder(loaded, texts, serving, signal));
      } finally {
        entry.users -= 1;
        if (entry.users === 0) {
          if (entries.get(key) !== entry) void dispose(entry);
          else {
            // Last among them all: the first that is idle has been so for longest.
            entries.delete(key);
            entries.set(key, entry);
            entry.idle = setTimeout(() => {
              entries.delete(key);
              void dispose(entry);
            }, KEPT_IDLE_MS);
            entry.idle.unref();
          }
        }
      }
    },
    close: async () => {
      const open = [...entries.values()];
      entries.clear();
      for (const { loading, idle } of open) {
        clearTimeout(idle);
        const loaded = await loading.catch(() => undefined);
        await loaded?.unload();
      }
      await (await cache?.catch(() => undefined))?.close();
    },
  };
}

/** Every thread takes the next batch when it is free; which one takes which changes no score. */
async function scoreInOrder(
  { threads, tokenizer }: LoadedVersion,
  texts: readonly string[],
  limits: { maxLength: number; maxBatchTokens: number },
  signal: AbortSignal,
): Promise<number[]> {
  const scores = texts.map(() => Number.NaN);
  const sequences = texts.map((text) => tokenizer.encode(text, threads[0]?.maxLength ?? limits.maxLength));
  const lengths = sequences.map((ids) => ids.length);
  const batches = bucketByLength(lengths, limits.maxBatchTokens).values();
  const work = async (thread: ScoringThread): Promise<void> => {
    for (const batch of batches) {
      signal.throwIfAborted();
      const { probabilities } = await thread.score(batch.map((index) => sequences[index] ?? []));
      batch.forEach((index, row) => (scores[index] = probabilities[row] ?? Number.NaN));
    }
  };
  await Promise.all(threads.map(work));
  return scores;
}
