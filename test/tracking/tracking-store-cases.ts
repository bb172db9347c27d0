/** What every tracking backend must do: our PostgreSQL and a remote MLflow server alike. */
import { beforeAll, describe, expect, it } from 'vitest';
import { randomSlug } from '../../src/core/ids.ts';
import type { Run, TrackingStore } from '../../src/tracking/index.ts';
import { describeRegistry } from './registry-cases.ts';

const fresh = (name: string): string => `${name}-${randomSlug(8)}`;

export function describeTrackingStore(open: () => Promise<TrackingStore>): void {
  let store: TrackingStore;
  beforeAll(async () => {
    store = await open();
  });
  const invalid = { code: 'invalid-input' };
  const missing = { code: 'not-found' };

  describe('experiments', () => {
    it('starts with experiment 0, Default', async () => {
      expect(await store.experiments.get('0')).toMatchObject({ name: 'Default', lifecycleStage: 'active' });
    });

    it('creates, finds, tags, renames, deletes and restores', async () => {
      const name = fresh('exp');
      const id = await store.experiments.create({ name, tags: { team: 'copy', ['ünï']: '🦉' } });
      expect(id).toMatch(/^\d+$/);
      await store.experiments.setTag(id, 'team', 'growth');
      expect(await store.experiments.findByName(name)).toMatchObject({
        experimentId: id,
        tags: { team: 'growth', ['ünï']: '🦉' },
      });
      await store.experiments.rename(id, `${name}-renamed`);
      expect(await store.experiments.findByName(name)).toBeUndefined();
      await store.experiments.delete(id);
      expect((await store.experiments.get(id)).lifecycleStage).toBe('deleted');
      await store.experiments.restore(id);
      expect((await store.experiments.get(id)).lifecycleStage).toBe('active');
    });

    it('refuses a name that is taken, and says what is not there', async () => {
      const name = fresh('exp');
      const id = await store.experiments.create({ name });
      await expect(store.experiments.create({ name })).rejects.toMatchObject({ code: 'already-exists' });
      await store.experiments.delete(id);
      await expect(store.experiments.create({ name })).rejects.toMatchObject({ code: 'already-exists' });
      await expect(store.experiments.get('987654')).rejects.toMatchObject(missing);
      await expect(store.experiments.create({ name: '' })).rejects.toMatchObject(invalid);
    });

    it('ensures one experiment however many ask for it', async () => {
      const name = fresh('ensured');
      const ids = await Promise.all([1, 2, 3, 4].map(() => store.experiments.ensure(name)));
      expect(new Set(ids).size).toBe(1);
    });

    it('searches by name and tag, page by page', async () => {
      const mark = fresh('page');
      for (let i = 0; i < 5; i += 1)
        await store.experiments.create({ name: `${mark}-${i}`, tags: { mark, odd: String(i % 2) } });
      const names: string[] = [];
      let pageToken: string | undefined;
      do {
        const page = await store.experiments.search({
          filter: `tags.mark = '${mark}'`,
          orderBy: ['name ASC'],
          maxResults: 2,
          pageToken,
        });
        names.push(...page.items.map((item) => item.name));
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      expect(names).toEqual([0, 1, 2, 3, 4].map((i) => `${mark}-${i}`));
      const odd = await store.experiments.search({ filter: `name LIKE '${mark}%' AND tags.odd = '1'` });
      expect(odd.items).toHaveLength(2);
    });
  });

  describe('runs', () => {
    it('keeps what was logged', async () => {
      const experimentId = await store.experiments.create({ name: fresh('runs') });
      const { runId, artifactUri } = await store.runs.create({
        experimentId,
        name: 'first',
        startTimeMs: 1000,
        tags: { a: '1' },
      });
      expect(runId).toMatch(/^[0-9a-f]{32}$/);
      expect(artifactUri).toContain(runId);
      await store.runs.logBatch(runId, {
        params: [{ key: 'lr', value: '0.1' }],
        metrics: [
          { key: 'loss', value: 2, timestampMs: 10, step: 0 },
          { key: 'loss', value: 1, timestampMs: 20, step: 1 },
        ],
        tags: [{ key: 'a', value: '2' }],
      });
      await store.runs.logInputs(runId, {
        datasets: [
          {
            dataset: { name: 'v7', digest: 'abc123', sourceType: 'copyloop', source: '{"version":7}' },
            tags: { 'mlflow.data.context': 'training' },
          },
        ],
      });
      await store.runs.update(runId, { status: 'FINISHED', endTimeMs: 2000 });
      const run = await store.runs.get(runId);
      expect(run).toMatchObject({
        runId,
        experimentId,
        name: 'first',
        status: 'FINISHED',
        startTimeMs: 1000,
        endTimeMs: 2000,
        params: { lr: '0.1' },
        metrics: [{ key: 'loss', value: 1, timestampMs: 20, step: 1 }],
      });
      expect(run.tags).toMatchObject({ a: '2', 'mlflow.runName': 'first' });
      expect(run.datasetInputs[0]).toMatchObject({
        dataset: { name: 'v7', digest: 'abc123' },
        tags: { 'mlflow.data.context': 'training' },
      });
      const history = await store.runs.metricHistory(runId, 'loss');
      expect(history.items.map((metric) => metric.value)).toEqual([2, 1]);
    });

    it('takes the same param again and refuses another value', async () => {
      const { runId } = await store.runs.create({ experimentId: '0' });
      await store.runs.logBatch(runId, { params: [{ key: 'p', value: '1' }] });
      await store.runs.logBatch(runId, { params: [{ key: 'p', value: '1' }] });
      await expect(store.runs.logBatch(runId, { params: [{ key: 'p', value: '2' }] })).rejects.toMatchObject(
        invalid,
      );
      expect((await store.runs.get(runId)).params).toEqual({ p: '1' });
    });

    it('keeps what marks quote and escape', async () => {
      const { runId } = await store.runs.create({ experimentId: '0', tags: { a: '"x", \\{y}\n' } });
      const values = ['', 'NULL', '"', '\\', '{a,b}', "it's", ' spaced ', 'line\nline', 'ü€😀'];
      await store.runs.logBatch(runId, {
        params: values.map((value, index) => ({ key: `p${index}`, value })),
        tags: values.map((value, index) => ({ key: `t${index}`, value })),
      });
      const run = await store.runs.get(runId);
      expect(run.tags['a']).toBe('"x", \\{y}\n');
      for (const [index, value] of values.entries())
        expect([run.params[`p${index}`], run.tags[`t${index}`]]).toEqual([value, value]);
    });

    it('takes metrics again without doubling them', async () => {
      const { runId } = await store.runs.create({ experimentId: '0' });
      const metrics = [{ key: 'm', value: 0.5, timestampMs: 5, step: 3 }];
      await store.runs.logBatch(runId, { metrics });
      await store.runs.logBatch(runId, { metrics: [...metrics, ...metrics] });
      expect((await store.runs.metricHistory(runId, 'm')).items).toHaveLength(1);
    });

    it('keeps NaN, the infinities and integers of 53 bits', async () => {
      const { runId } = await store.runs.create({ experimentId: '0', startTimeMs: 1 });
      const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-300, 0.1, -2];
      const at = { timestampMs: Number.MAX_SAFE_INTEGER, step: -Number.MAX_SAFE_INTEGER };
      await store.runs.logBatch(runId, {
        metrics: values.map((value, index) => ({ key: `m${index}`, value, ...at })),
      });
      const { metrics } = await store.runs.get(runId);
      for (const [index, value] of values.entries()) {
        const metric = { key: `m${index}`, value, ...at };
        expect(metrics.find(({ key }) => key === metric.key)).toEqual(metric);
        expect((await store.runs.metricHistory(runId, metric.key)).items).toEqual([metric]);
      }
    });

    it('pages through a history in the order of its times', async () => {
      const { runId } = await store.runs.create({ experimentId: '0' });
      const metrics = Array.from({ length: 10 }, (_, step) => ({
        key: 'm',
        value: step,
        timestampMs: step,
        step,
      }));
      await store.runs.logBatch(runId, { metrics: metrics.toReversed() });
      const seen: number[] = [];
      let pageToken: string | undefined;
      do {
        const page = await store.runs.metricHistory(runId, 'm', { maxResults: 4, pageToken });
        seen.push(...page.items.map(({ step }) => step));
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('shows the value of the greatest step as the latest', async () => {
      const { runId } = await store.runs.create({ experimentId: '0' });
      const log = async (value: number, step: number, timestampMs: number) =>
        await store.runs.logBatch(runId, { metrics: [{ key: 'm', value, step, timestampMs }] });
      await log(1, 5, 10);
      await log(2, 4, 99);
      await log(3, 5, 9);
      expect((await store.runs.get(runId)).metrics).toEqual([
        { key: 'm', value: 1, step: 5, timestampMs: 10 },
      ]);
    });

    it('refuses what no run can hold', async () => {
      const { runId } = await store.runs.create({ experimentId: '0' });
      const metric = { key: 'm', value: 1, timestampMs: 1, step: 0 };
      for (const batch of [
        { params: [{ key: '../up', value: '1' }] },
        { params: [{ key: 'k'.repeat(300), value: '1' }] },
        { metrics: [{ ...metric, key: '' }] },
        { metrics: Array.from({ length: 1001 }, (_, step) => ({ ...metric, step })) },
      ])
        await expect(store.runs.logBatch(runId, batch)).rejects.toMatchObject(invalid);
      await expect(store.runs.logBatch('0'.repeat(32), { metrics: [metric] })).rejects.toMatchObject(missing);
      await store.runs.delete(runId);
      await expect(store.runs.logBatch(runId, { metrics: [metric] })).rejects.toMatchObject(invalid);
      await store.runs.restore(runId);
      await store.runs.logBatch(runId, { metrics: [metric] });
    });

    it('shortens values of params and tags as MLflow does, without breaking a character', async () => {
      const { runId } = await store.runs.create({ experimentId: '0', tags: { first: 't'.repeat(8001) } });
      const long = { key: 'long', value: `x${'🦉'.repeat(6000)}` };
      const tag = { key: 'tag', value: 't'.repeat(9000) };
      await store.runs.logBatch(runId, { params: [long], tags: [tag] });
      // The same value again is the same.
      await store.runs.logBatch(runId, { params: [long] });
      const { params, tags } = await store.runs.get(runId);
      expect(params['long']).toBe(`x${'🦉'.repeat(5999)}`);
      expect(tags['tag']).toBe('t'.repeat(8000));
      expect(tags['first']).toBe('t'.repeat(8000));
    });

    it('finds runs by metrics, params, tags and attributes, in the order asked for', async () => {
      const experimentId = await store.experiments.create({ name: fresh('search') });
      const ids: string[] = [];
      for (let i = 0; i < 6; i += 1) {
        const { runId } = await store.runs.create({ experimentId, name: `run ${i}`, startTimeMs: 1000 + i });
        ids.push(runId);
        await store.runs.logBatch(runId, {
          metrics: i === 5 ? [] : [{ key: 'val acc', value: i / 10, timestampMs: 1, step: 0 }],
          params: [{ key: 'optimiser', value: i % 2 === 0 ? 'AdamW' : 'sgd' }],
          tags: [{ key: 'mlflow.parentRunId', value: i < 3 ? 'p1' : 'p2' }],
        });
      }
      const find = async (filter: string, orderBy?: string[]): Promise<number[]> => {
        const page = await store.runs.search({ experimentIds: [experimentId], filter, orderBy });
        return page.items.map((run: Run) => ids.indexOf(run.runId));
      };
      expect(await find('')).toEqual([5, 4, 3, 2, 1, 0]);
      expect(await find('metrics."val acc" >= 0.3')).toEqual([4, 3]);
      expect(await find('metrics.`val acc` < 0.3 and params.optimiser = "AdamW"')).toEqual([2, 0]);
      expect(await find("params.optimiser LIKE 'Ad%'")).toEqual([4, 2, 0]);
      expect(await find("params.optimiser LIKE 'ad%'")).toEqual([]);
      expect(await find("params.optimiser ILIKE 'ad%'")).toEqual([4, 2, 0]);
      expect(await find("tags.mlflow.parentRunId = 'p1'")).toEqual([2, 1, 0]);
      expect(await find("tags.`mlflow.parentRunId` != 'p1'")).toEqual([5, 4, 3]);
      expect(await find("attributes.run_name = 'run 3'")).toEqual([3]);
      expect(await find('attributes.start_time > 1003')).toEqual([5, 4]);
      expect(await find(`attributes.run_id IN ('${ids[0]}', '${ids[4]}')`)).toEqual([4, 0]);
      expect(await find(`run_id NOT IN ('${ids[0]}')`)).toEqual([5, 4, 3, 2, 1]);
      expect(await find('', ['metrics."val acc" DESC'])).toEqual([4, 3, 2, 1, 0, 5]);
      expect(await find('', ['metrics."val acc" ASC'])).toEqual([0, 1, 2, 3, 4, 5]);
      expect(await find('', ['params.optimiser ASC', 'start_time ASC'])).toEqual([0, 2, 4, 1, 3, 5]);
    });

    it('refuses filters that it cannot read', async () => {
      for (const filter of [
        'metrics.loss > ',
        'metrics.loss',
        "metrics.loss > 'high'",
        'params.p = 5',
        "params.p > 'a'",
        "attributes.no_such = 'x'",
        "nonsense.p = 'x'",
        'metrics.loss > 1 OR metrics.loss < 0',
        'metrics.loss > 1; DROP TABLE experiments',
        "params.p = 'open",
        '(metrics.loss > 1)',
      ])
        await expect(store.runs.search({ experimentIds: ['0'], filter }), filter).rejects.toMatchObject(
          invalid,
        );
      await expect(
        store.runs.search({ experimentIds: ['0'], orderBy: ['nonsense.x'] }),
      ).rejects.toMatchObject(invalid);
    });

    it('pages through all runs once', async () => {
      const experimentId = await store.experiments.create({ name: fresh('paging') });
      const ids = new Set<string>();
      for (let i = 0; i < 7; i += 1)
        ids.add((await store.runs.create({ experimentId, startTimeMs: 5 })).runId);
      const seen: string[] = [];
      let pageToken: string | undefined;
      do {
        const page = await store.runs.search({ experimentIds: [experimentId], maxResults: 3, pageToken });
        seen.push(...page.items.map((run) => run.runId));
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      expect(seen).toHaveLength(7);
      expect(new Set(seen)).toEqual(ids);
    });

    it.each([
      ['ASC', [0, 1, 2, 4, 3, 5, 6]],
      ['DESC', [2, 4, 1, 0, 3, 5, 6]],
    ])('pages by a metric, %s: numbers, then NaN, then runs without it', async (direction, expected) => {
      const experimentId = await store.experiments.create({ name: fresh('by-metric') });
      const values = [0.1, 0.2, 0.3, Number.NaN, 0.3, undefined, undefined];
      const ids: string[] = [];
      for (const [at, value] of values.entries()) {
        const { runId } = await store.runs.create({ experimentId, startTimeMs: 100 - at });
        ids.push(runId);
        if (value !== undefined)
          await store.runs.logBatch(runId, { metrics: [{ key: 'loss', value, timestampMs: 1, step: 0 }] });
      }
      const read = async (filter: string, maxResults: number): Promise<number[]> => {
        const found: number[] = [];
        let pageToken: string | undefined;
        do {
          const orderBy = [`metrics.loss ${direction}`];
          const page = await store.runs.search({
            experimentIds: [experimentId],
            filter,
            orderBy,
            maxResults,
            pageToken,
          });
          found.push(...page.items.map((run) => ids.indexOf(run.runId)));
          pageToken = page.nextPageToken;
        } while (pageToken !== undefined);
        return found;
      };
      for (const maxResults of [1, 2, 4, 5, 100]) {
        expect(await read('', maxResults), `pages of ${maxResults}`).toEqual(expected);
        expect(await read('metrics.loss > 0.1', maxResults), `filtered, pages of ${maxResults}`).toEqual(
          expected.filter((at) => [1, 2, 4].includes(at)),
        );
      }
    });
  });

  describeRegistry(open);
}
