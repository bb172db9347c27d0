/**
 * The versions that serve: what `champion` and `challenger` name, loaded and followed.
 *
 * A new version is loaded, proven and warmed beside the old one, takes over in one assignment, and the old
 * one is unloaded after its last answer. A version that cannot be loaded changes nothing but a metric, and is
 * tried again after a while.
 */
import { MINUTE_MS, type Clock } from '../../core/clock.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { LoadedModel, VersionRef } from './loaded-model.ts';
import { ALL_TO_CHAMPION, chooseAlias, SERVED_ALIASES, type ServedAlias, type Traffic } from './traffic.ts';

/** The registry as serving sees it. */
export interface ModelSource {
  /** The version that the alias names; undefined when it names none. */
  resolveAlias(alias: ServedAlias): Promise<VersionRef | undefined>;
  readTraffic(): Promise<Traffic>;
}

export interface ServedModelsEvents {
  loaded(alias: ServedAlias, ref: VersionRef, loadMs: number): void;
  loadFailed(alias: ServedAlias, ref: VersionRef): void;
  /** What the alias names serves now, or it names nothing; called after a failure. */
  failureOver(alias: ServedAlias): void;
  unloaded(ref: VersionRef): void;
  serving(alias: ServedAlias, ref: VersionRef | undefined): void;
  /** After each look at the registry. */
  registryRead(isReadable: boolean): void;
}

export interface LeasedModel {
  alias: ServedAlias;
  model: LoadedModel;
  release: () => void;
}

export interface ServedModels {
  /**
   * Brings what is loaded in line with the aliases; calls during one make one more after it. Never rejects.
   */
  refresh(): Promise<void>;
  /**
   * The model that answers this key, or the version asked for, kept loaded until released.
   * @throws AppError `not-ready` before there is a champion, `not-found` for a version that is not served
   */
  lease(stickyKey: string, version?: number): LeasedModel;
  /** The challenger, when requests are to be copied to it. */
  leaseShadow(): LeasedModel | undefined;
  current(alias: ServedAlias): LoadedModel | undefined;
  readonly traffic: Traffic;
  /** Why the version that an alias names does not serve, newest first. */
  failures(): readonly LoadFailure[];
  close(): Promise<void>;
}

export interface LoadFailure {
  alias: ServedAlias;
  ref: VersionRef;
  error: AppError;
  failedAtMs: number;
}

/**
 * What may pass by itself (a store that did not answer) is tried at each refresh, a broken model once a
 * minute.
 */
const RETRY_BROKEN_AFTER_MS = MINUTE_MS;

export function createServedModels(options: {
  source: ModelSource;
  load: (ref: VersionRef) => Promise<LoadedModel>;
  events: ServedModelsEvents;
  clock: Clock;
  log: Logger;
}): ServedModels {
  const { source, load, events, clock, log } = options;
  const serving = new Map<ServedAlias, LoadedModel>();
  const failures = new Map<string, LoadFailure>();
  const unloading = new Set<Promise<void>>();
  let traffic = ALL_TO_CHAMPION;
  let running: Promise<void> | undefined;
  let isStale = false;
  let isClosed = false;

  const refreshAll = async (): Promise<void> => {
    try {
      const wantedTraffic = await source.readTraffic();
      const needsChallenger = wantedTraffic.challenger > 0 || wantedTraffic.shadow;
      await follow('champion');
      if (needsChallenger) await follow('challenger');
      else replace('challenger', undefined);
      traffic = wantedTraffic;
      events.registryRead(true);
    } catch (thrown) {
      events.registryRead(false);
      log.warn({ err: toAppError(thrown) }, 'the registry cannot be read; what is loaded goes on serving');
    }
  };

  const follow = async (alias: ServedAlias): Promise<void> => {
    const wanted = await source.resolveAlias(alias);
    if (wanted === undefined) return replace(alias, undefined);
    const current = serving.get(alias);
    if (current !== undefined && isSame(current.ref, wanted)) return forgetFailures(alias);
    const loadedForOther = [...serving.values()].find((model) => isSame(model.ref, wanted));
    if (loadedForOther !== undefined) return replace(alias, loadedForOther);
    const failed = failures.get(refKey(wanted));
    if (failed !== undefined && !isDue(failed)) return;
    try {
      const model = await load(wanted);
      if (isClosed) return await model.unload();
      events.loaded(alias, wanted, model.loadMs);
      replace(alias, model);
    } catch (thrown) {
      const error = toAppError(thrown);
      failures.set(refKey(wanted), { alias, ref: wanted, error, failedAtMs: clock.nowMs() });
      events.loadFailed(alias, wanted);
      log.error(
        { err: error, alias, ...wanted },
        'a model version cannot be loaded; the one before it goes on serving',
      );
    }
  };

  const isDue = ({ error, failedAtMs }: LoadFailure): boolean =>
    error.traits.retryable || clock.nowMs() - failedAtMs >= RETRY_BROKEN_AFTER_MS;

  const forgetFailures = (alias: ServedAlias): void => {
    const over = [...failures].filter(([, failure]) => failure.alias === alias);
    for (const [key] of over) failures.delete(key);
    if (over.length > 0) events.failureOver(alias);
  };

  const replace = (alias: ServedAlias, model: LoadedModel | undefined): void => {
    forgetFailures(alias);
    const old = serving.get(alias);
    if (old === model) return;
    if (model === undefined) serving.delete(alias);
    else serving.set(alias, model);
    events.serving(alias, model?.ref);
    if (!isClosed) {
      log.info(
        { alias, from: old?.ref.version ?? null, to: model?.ref.version ?? null },
        'the served version changed',
      );
    }
    if (old !== undefined && ![...serving.values()].includes(old)) retire(old);
  };

  const retire = (model: LoadedModel): void => {
    const ended = model
      .unload()
      .catch((thrown: unknown) =>
        log.error({ err: toAppError(thrown), ...model.ref }, 'a model version could not be unloaded'),
      )
      .then(() => {
        events.unloaded(model.ref);
        unloading.delete(ended);
        return undefined;
      });
    unloading.add(ended);
  };

  const refreshUntilFresh = async (): Promise<void> => {
    for (; isStale;) {
      isStale = false;
      if (!isClosed) await refreshAll();
    }
    running = undefined;
  };

  const refresh = async (): Promise<void> => {
    isStale = true;
    running ??= refreshUntilFresh();
    await running;
  };

  const leaseOf = (alias: ServedAlias): LeasedModel | undefined => {
    const model = serving.get(alias);
    if (model === undefined) return undefined;
    const { release } = model.acquire();
    return { alias, model, release };
  };

  return {
    refresh,
    lease: (stickyKey, version) => {
      if (version !== undefined) {
        const alias = SERVED_ALIASES.find((name) => serving.get(name)?.ref.version === version);
        const asked = alias === undefined ? undefined : leaseOf(alias);
        if (asked !== undefined) return asked;
        throw new AppError('not-found', `version ${version} is not served`);
      }
      const leased = leaseOf(chooseAlias(traffic, stickyKey)) ?? leaseOf('champion');
      if (leased !== undefined) return leased;
      const [failure] = failures.values();
      throw new AppError(
        'not-ready',
        failure === undefined
          ? 'no model is champion yet: start a run (POST /runs) or wait for the one in progress'
          : `version ${failure.ref.version} of ${failure.ref.name} is ${failure.alias} and cannot be loaded: ${failure.error.message}`,
      );
    },
    leaseShadow: () => (traffic.shadow ? leaseOf('challenger') : undefined),
    current: (alias) => serving.get(alias),
    get traffic() {
      return traffic;
    },
    failures: () => [...failures.values()].toReversed(),
    close: async () => {
      isClosed = true;
      await running;
      for (const alias of SERVED_ALIASES) replace(alias, undefined);
      await Promise.all(unloading);
    },
  };
}

function refKey({ name, version }: VersionRef): string {
  return `${name}/${version}`;
}

function isSame(a: VersionRef, b: VersionRef): boolean {
  return a.name === b.name && a.version === b.version;
}
