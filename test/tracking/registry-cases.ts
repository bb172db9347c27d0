/** What the registry of every tracking backend must do, and its logged models. */
import { beforeAll, describe, expect, it } from 'vitest';
import { randomSlug } from '../../src/core/ids.ts';
import {
  allModelAccuracies,
  bestModelAccuracy,
  compareWithPrevious,
  registerModel,
  type TrackingStore,
} from '../../src/tracking/index.ts';

const fresh = (name: string): string => `${name}-${randomSlug(8)}`;

export function describeRegistry(open: () => Promise<TrackingStore>): void {
  let store: TrackingStore;
  beforeAll(async () => {
    store = await open();
  });
  /** Files of a run, as a version must be made of: MLflow refuses those of no run. */
  const modelOfRun = async (): Promise<{ runId: string; source: string }> => {
    const { runId, artifactUri } = await store.runs.create({ experimentId: '0' });
    return { runId, source: `${artifactUri}/model` };
  };
  const why = { movedBy: 'test', reason: 'because' };
  const invalid = { code: 'invalid-input' };
  const missing = { code: 'not-found' };

  describe('the registry', () => {
    it('numbers versions, tags them and finds them', async () => {
      const name = fresh('model');
      await store.registry.createModel({ name, description: 'd', tags: { team: 'copy' } });
      const model = { name, ...(await modelOfRun()) };
      expect(await store.registry.createVersion(model)).toMatchObject({ ...model, version: 1 });
      expect((await store.registry.createVersion({ ...model, tags: { gate: 'won' } })).version).toBe(2);
      await store.registry.setVersionTag(name, 1, 'gate', 'lost');
      const { items } = await store.registry.searchVersions({
        filter: `name = '${name}'`,
        orderBy: ['version_number ASC'],
      });
      expect(items.map((item) => item.tags['gate'])).toEqual(['lost', 'won']);
      expect(await store.registry.getModel(name)).toMatchObject({
        name,
        description: 'd',
        tags: { team: 'copy' },
      });
      await store.registry.deleteVersion(name, 1);
      await expect(store.registry.getVersion(name, 1)).rejects.toMatchObject(missing);
      await store.registry.deleteModel(name);
      await expect(store.registry.getModel(name)).rejects.toMatchObject(missing);
    });

    it('registers once per pipeline run, however often it is asked', async () => {
      const name = fresh('once');
      const model = {
        name,
        ...(await modelOfRun()),
        accuracy: 0.8,
        pipelineRunId: 'run-1',
      };
      const first = await registerModel(store, model);
      const again = await Promise.all([registerModel(store, model), registerModel(store, model)]);
      expect(again.map((version) => version.version)).toEqual([first.version, first.version]);
      expect((await registerModel(store, { ...model, pipelineRunId: 'run-2' })).version).toBe(2);
    });

    it('makes one version of many that one pipeline run asks for at once', async () => {
      const name = fresh('crowded');
      await store.registry.createModel({ name });
      const model = { name, ...(await modelOfRun()), pipelineRunId: 'run-1' };
      const versions = await Promise.all([1, 2, 3, 4].map(() => store.registry.createVersion(model)));
      expect(new Set(versions.map(({ version }) => version)).size).toBe(1);
      const { items } = await store.registry.searchVersions({ filter: `name = '${name}'` });
      expect(items.map(({ version, pipelineRunId }) => [version, pipelineRunId])).toEqual([
        [versions[0]?.version, 'run-1'],
      ]);
    });

    it('keeps its own book-keeping out of tags', async () => {
      const name = fresh('tags');
      await store.registry.createModel({ name, tags: { team: 'copy' } });
      const model = { name, ...(await modelOfRun()), tags: { gate: 'won' }, pipelineRunId: 'run-1' };
      await store.registry.createVersion(model);
      await store.registry.setAlias(name, 'champion', 1, why);
      expect((await store.registry.getVersion(name, 1)).tags).toEqual({ gate: 'won' });
      const found = await store.registry.getModel(name);
      expect([found.tags, found.aliases]).toEqual([{ team: 'copy' }, [{ alias: 'champion', version: 1 }]]);
      const { items } = await store.registry.searchModels({ filter: `name = '${name}'` });
      expect(items[0]?.tags).toEqual({ team: 'copy' });
    });

    it('compares accuracies', async () => {
      const name = fresh('accuracy');
      expect(await allModelAccuracies(store, name)).toEqual([]);
      expect(await bestModelAccuracy(store, name)).toBeUndefined();
      for (const [index, accuracy] of [0.8, 0.9, 0.85].entries())
        await registerModel(store, {
          name,
          ...(await modelOfRun()),
          accuracy,
          pipelineRunId: `r-${index}`,
        });
      expect((await allModelAccuracies(store, name)).map((model) => model.accuracy)).toEqual([
        0.85, 0.9, 0.8,
      ]);
      expect(await bestModelAccuracy(store, name)).toMatchObject({ version: 2, accuracy: 0.9 });
      const comparison = await compareWithPrevious(store, name, 3);
      expect(comparison).toMatchObject({ current: { version: 3 }, previous: { version: 2 } });
      expect(comparison.gain).toBeCloseTo(-0.05, 10);
      expect(comparison.earlier.map(({ version }) => version)).toEqual([2, 1]);
      expect(comparison.earlier[1]?.gain).toBeCloseTo(0.05, 10);
      expect(await compareWithPrevious(store, name, 1)).toMatchObject({ previous: null, gain: null });
    });

    it('moves an alias, remembers each move, and rolls back as often as there was a version before', async () => {
      const name = fresh('alias');
      await store.registry.createModel({ name });
      const model = await modelOfRun();
      for (let i = 0; i < 4; i += 1) await store.registry.createVersion({ name, ...model });
      const champion = async () => (await store.registry.findAlias(name, 'champion'))?.version;
      expect(await champion()).toBeUndefined();
      for (const version of [1, 2, 3, 4])
        await store.registry.setAlias(name, 'champion', version, { ...why, pipelineRunId: `run-${version}` });
      await store.registry.setAlias(name, 'champion', 4, why);
      expect(await champion()).toBe(4);
      expect((await store.registry.getVersion(name, 4)).aliases).toEqual(['champion']);
      const named = await store.registry.searchVersions({
        filter: `name = '${name}'`,
        orderBy: ['version_number ASC'],
      });
      expect(named.items.map(({ aliases }) => aliases)).toEqual([[], [], [], ['champion']]);
      expect((await store.registry.rollbackAlias(name, 'champion', why)).version).toBe(3);
      await store.registry.deleteVersion(name, 2);
      expect((await store.registry.rollbackAlias(name, 'champion', why)).version).toBe(1);
      await expect(store.registry.rollbackAlias(name, 'champion', why)).rejects.toMatchObject({
        code: 'conflict',
      });
      expect(await champion()).toBe(1);
      const history = await store.registry.aliasHistory(name, 'champion');
      expect(history.map(({ kind, fromVersion, toVersion }) => [kind, fromVersion, toVersion])).toEqual([
        ['rollback', 3, 1],
        ['rollback', 4, 3],
        ['set', 3, 4],
        ['set', 2, 3],
        ['set', 1, 2],
        ['set', null, 1],
      ]);
      expect(history[2]).toMatchObject({ movedBy: 'test', reason: 'because', pipelineRunId: 'run-4' });
    });

    it('moves an alias only from where it is expected, when asked to', async () => {
      const name = fresh('alias');
      await store.registry.createModel({ name });
      const model = await modelOfRun();
      for (let i = 0; i < 3; i += 1) await store.registry.createVersion({ name, ...model });
      const moveFrom = (from: number | null, to: number) =>
        store.registry.setAlias(name, 'champion', to, why, from);
      await expect(moveFrom(1, 2)).rejects.toMatchObject({ code: 'conflict' });
      await moveFrom(null, 1);
      await moveFrom(1, 2);
      await expect(moveFrom(1, 3)).rejects.toThrow('names version 2, no longer version 1');
      await expect(moveFrom(null, 3)).rejects.toMatchObject({ code: 'conflict' });
      await moveFrom(1, 2);
      expect(await store.registry.aliasHistory(name, 'champion')).toHaveLength(2);
    });

    it('remembers who deleted a version that an alias named, and why', async () => {
      const name = fresh('alias');
      await store.registry.createModel({ name });
      await store.registry.createVersion({ name, ...(await modelOfRun()) });
      await store.registry.setAlias(name, 'champion', 1, why);
      await store.registry.deleteVersion(name, 1, { movedBy: 'ana', reason: 'it was wrong' });
      expect((await store.registry.aliasHistory(name, 'champion'))[0]).toMatchObject({
        kind: 'delete',
        fromVersion: 1,
        toVersion: null,
        movedBy: 'ana',
        reason: 'it was wrong',
      });
    });

    it('refuses aliases that mean something else, and versions that are not there', async () => {
      const name = fresh('alias');
      await store.registry.createModel({ name });
      await store.registry.createVersion({ name, ...(await modelOfRun()) });
      for (const alias of ['latest', 'v1', 'a b', ''])
        await expect(store.registry.setAlias(name, alias, 1, why)).rejects.toMatchObject(invalid);
      await expect(store.registry.setAlias(name, 'champion', 9, why)).rejects.toMatchObject(missing);
      await expect(store.registry.setAlias('no-such-model', 'champion', 1, why)).rejects.toMatchObject(
        missing,
      );
    });
  });

  describe('logged models', () => {
    it('keeps a model with its params, tags and state', async () => {
      const experimentId = await store.experiments.create({ name: fresh('logged') });
      const { modelId, artifactUri } = await store.loggedModels.create({
        experimentId,
        name: 'head',
        modelType: 'classifier',
        params: [{ key: 'width', value: '384' }],
        tags: { a: '1' },
      });
      expect(artifactUri).toContain(modelId);
      await store.loggedModels.setTags(modelId, { a: '2', b: '3' });
      await store.loggedModels.deleteTag(modelId, 'b');
      await store.loggedModels.finalize(modelId, 'LOGGED_MODEL_READY');
      expect(await store.loggedModels.get(modelId)).toMatchObject({
        name: 'head',
        status: 'LOGGED_MODEL_READY',
        params: { width: '384' },
        tags: { a: '2' },
      });
      const found = await store.loggedModels.search({
        experimentIds: [experimentId],
        filter: "params.width = '384'",
      });
      expect(found.items.map((model) => model.modelId)).toEqual([modelId]);
      await store.loggedModels.delete(modelId);
      await expect(store.loggedModels.get(modelId)).rejects.toMatchObject(missing);
    });
  });
}
