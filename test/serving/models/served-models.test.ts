import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { createSilentLogger } from '../../../src/core/log.ts';
import type { Scorer } from '../../../src/serving/index.ts';
import { createLoadedModel, type VersionRef } from '../../../src/serving/models/loaded-model.ts';
import { createServedModels, type ServedModels } from '../../../src/serving/models/served-models.ts';
import { ALL_TO_CHAMPION, type ServedAlias, type Traffic } from '../../../src/serving/models/traffic.ts';

interface World {
  models: ServedModels;
  aliases: Partial<Record<ServedAlias, number>>;
  traffic: Traffic;
  broken: Set<number>;
  loaded: number[];
  closed: number[];
  nowMs: number;
  isRegistryDown: boolean;
  registryReads: boolean[];
  /** As the metric has them. */
  failing: Set<ServedAlias>;
}

const open: World[] = [];
afterEach(async () => {
  for (const world of open.splice(0)) await world.models.close();
});

function createWorld(): World {
  const world = {
    aliases: {},
    traffic: ALL_TO_CHAMPION,
    broken: new Set<number>(),
    loaded: [] as number[],
    closed: [] as number[],
    nowMs: 0,
    isRegistryDown: false,
    registryReads: [] as boolean[],
    failing: new Set<ServedAlias>(),
  } as World;
  const load = async (ref: VersionRef) => {
    if (world.broken.has(ref.version)) throw new AppError('bad-model', `version ${ref.version} is broken`);
    world.loaded.push(ref.version);
    const scorer: Scorer = {
      precision: 'fp32',
      score: async (texts) => ({
        probabilities: texts.map(() => ref.version),
        tokens: 0,
        timing: { tokenizeMs: 0, waitMs: 0, computeMs: 0 },
      }),
      waitingTokens: 0,
      waitingTexts: 0,
      runningTexts: 0,
      liveThreads: 1,
      close: async () => {
        world.closed.push(ref.version);
      },
    };
    return createLoadedModel(ref, scorer, 1);
  };
  world.models = createServedModels({
    source: {
      resolveAlias: async (alias) => {
        if (world.isRegistryDown) throw new AppError('unavailable', 'no database');
        const version = world.aliases[alias];
        return version === undefined ? undefined : { name: 'm', version };
      },
      readTraffic: async () => world.traffic,
    },
    load,
    events: {
      loaded: () => {},
      loadFailed: (alias) => world.failing.add(alias),
      failureOver: (alias) => world.failing.delete(alias),
      unloaded: () => {},
      serving: () => {},
      registryRead: (isReadable) => world.registryReads.push(isReadable),
    },
    clock: { nowMs: () => world.nowMs, now: () => new Date(world.nowMs) },
    log: createSilentLogger(),
  });
  open.push(world);
  return world;
}

describe('the served models', () => {
  it('serve nobody before there is a champion', async () => {
    const { models } = createWorld();
    await models.refresh();
    expect(() => models.lease('')).toThrow(/no model is champion yet/);
  });

  it('follow the champion, and unload the old one only after its last user', async () => {
    const world = createWorld();
    world.aliases.champion = 1;
    await world.models.refresh();
    const leased = world.models.lease('');
    world.aliases.champion = 2;
    await world.models.refresh();
    expect(world.models.current('champion')?.ref.version).toBe(2);
    expect(world.closed).toEqual([]);
    expect((await leased.model.scorer.score(['x'], { timeoutMs: 1 })).probabilities).toEqual([1]);
    leased.release();
    leased.release();
    await expect.poll(() => world.closed).toEqual([1]);
  });

  it('keep the old one when the new one cannot be loaded, say why, and try again after a while', async () => {
    const world = createWorld();
    world.aliases.champion = 1;
    await world.models.refresh();
    world.aliases.champion = 2;
    world.broken.add(2);
    await world.models.refresh();
    expect(world.models.current('champion')?.ref.version).toBe(1);
    expect(world.models.failures().map(({ ref, error }) => [ref.version, error.message])).toEqual([
      [2, 'version 2 is broken'],
    ]);
    world.broken.clear();
    await world.models.refresh();
    expect(world.models.current('champion')?.ref.version).toBe(1);
    world.nowMs += 60_000;
    await world.models.refresh();
    expect(world.models.current('champion')?.ref.version).toBe(2);
    expect(world.models.failures()).toEqual([]);
  });

  it.each([
    ['the version that serves', { champion: 1 }],
    ['no version', {}],
  ])('forget that a version could not be loaded when its alias goes back to %s', async (_name, aliases) => {
    const world = createWorld();
    world.aliases = { ...aliases };
    await world.models.refresh();
    world.aliases = { champion: 2 };
    world.broken.add(2);
    await world.models.refresh();
    expect(world.models.failures()).toHaveLength(1);
    expect([...world.failing]).toEqual(['champion']);
    world.aliases = { ...aliases };
    await world.models.refresh();
    expect(world.models.failures()).toEqual([]);
    expect([...world.failing]).toEqual([]);
  });

  it('go on serving while the registry cannot be read, and say so', async () => {
    const world = createWorld();
    world.aliases.champion = 1;
    await world.models.refresh();
    world.isRegistryDown = true;
    await world.models.refresh();
    expect(world.models.current('champion')?.ref.version).toBe(1);
    world.isRegistryDown = false;
    await world.models.refresh();
    expect(world.registryReads).toEqual([true, false, true]);
  });

  it('load a challenger only when requests are for it, and share a version of two names', async () => {
    const world = createWorld();
    world.aliases = { champion: 1, challenger: 2 };
    await world.models.refresh();
    expect(world.loaded).toEqual([1]);
    world.traffic = { champion: 0, challenger: 100, shadow: false };
    await world.models.refresh();
    const leased = world.models.lease('x');
    expect(leased).toMatchObject({ alias: 'challenger', model: { ref: { version: 2 } } });
    leased.release();
    world.aliases.champion = 2;
    await world.models.refresh();
    expect(world.loaded).toEqual([1, 2]);
    expect(world.closed).toEqual([1]);
    expect(world.models.leaseShadow()).toBeUndefined();
  });

  it('make one more round for everything that was announced during one', async () => {
    const world = createWorld();
    world.aliases.champion = 1;
    const first = world.models.refresh();
    world.aliases.champion = 2;
    await Promise.all([first, world.models.refresh(), world.models.refresh()]);
    expect(world.models.current('champion')?.ref.version).toBe(2);
  });
});
