/** Prediction jobs over HTTP. */
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openServer, type Server } from '../../src/server/index.ts';
import { createPostgresTrackingStore } from '../../src/tracking/index.ts';
import { freeJobs } from '../../src/workers/upkeep/free-jobs.ts';
import { copyTinyModels } from './shared-models.ts';
import { openJobsHarness, type JobsHarness } from './jobs-harness.ts';

let folder = '';
let model = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-jobs-http-'));
  [model = ''] = await copyTinyModels(folder, ['model']);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function start(
  choice: { maxUploadBytes?: number; allowHosts?: string[] } = {},
): Promise<{ harness: JobsHarness; server: Server }> {
  const { maxUploadBytes = 1_000_000, allowHosts = [] } = choice;
  const harness = await openJobsHarness('postgres', model, { maxUploadBytes });
  harness.config.outbound = { allowHosts };
  closers.push(() => harness.close());
  const server = await openServer({
    config: {
      ...harness.config,
      server: { ...harness.config.server, port: 0, bodyLimitBytes: 1000 },
    },
    log: createSilentLogger(),
    database: harness.database,
    artifacts: harness.services.artifacts,
    tracking: createPostgresTrackingStore(harness.database.db),
    queues: harness.queues,
    runs: harness.runs,
    jobs: harness.jobs,
    clock: systemClock,
  });
  closers.push(() => server.close());
  return { harness, server };
}

const CATALOGUE = [
  'Name,description',
  ...Array.from({ length: 60 }, (_, i) => `${i === 5 ? '' : `Lamp ${i}`},a lovely bright lamp number ${i}.`),
  '',
].join('\n');

/** As curl -X POST sends it: without a Content-Length. */
async function statusWithoutBody(server: Server): Promise<number> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write(`POST /jobs/predict HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`);
  return Number((await text(socket)).split(' ')[1]);
}

async function post(server: Server, query: string, body?: string, type = 'text/csv'): Promise<Response> {
  return await fetch(`${server.url}/jobs/predict${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    ...(body !== undefined && { body }),
  });
}

const codeOf = async (response: Response): Promise<[number, unknown]> => [
  response.status,
  ((await response.json()) as { error: { code: string } }).error.code,
];

describe('POST /jobs/predict', () => {
  it('takes a catalogue beyond the limit of JSON bodies, and gives its creatives, its refused rows and its state', async () => {
    const { harness, server } = await start();
    await harness.openJobWorkers();
    const answer = await post(server, '?format=parquet&channels=x&count=2&seed=3&map=title:Name', CATALOGUE);
    expect(answer.status).toBe(202);
    const { job_id: id } = (await answer.json()) as { job_id: string };
    expect(answer.headers.get('location')).toBe(`/jobs/${id}`);
    await harness.untilJobEnded(id);

    const shown = (await (await fetch(`${server.url}/jobs/${id}`)).json()) as {
      job: Record<string, unknown>;
    };
    expect(shown.job).toMatchObject({
      status: 'succeeded',
      source: 'upload',
      format: 'parquet',
      rows: { total: 59, done: 59, refused: 1 },
      seconds_left: null,
      stages: [
        { stage: 'split-catalogue', status: 'succeeded', shards: null },
        { stage: 'predict-shard', status: 'succeeded', shards: { total: 6, done: 6 } },
        { stage: 'join-shards', status: 'succeeded', shards: null, error: null },
      ],
    });
    const output = await fetch(`${server.url}/jobs/${id}/output`);
    expect(output.headers.get('content-type')).toBe('application/vnd.apache.parquet');
    const creatives = await parquetReadObjects({ file: await output.arrayBuffer() });
    expect(creatives.map((row) => row['title'] as string)).toEqual(
      Array.from({ length: 60 }, (_, i) => `Lamp ${i}`).toSpliced(5, 1),
    );
    expect(creatives[0]?.['x.text']).toContain('#');
    const refused = await (await fetch(`${server.url}/jobs/${id}/refused`)).text();
    expect(
      refused
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([{ line: 7, field: 'title', value: '', reason: 'must not be empty' }]);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('copyloop_jobs{status="succeeded"} 1');
    const listed = (await (await fetch(`${server.url}/jobs?status=succeeded`)).json()) as { jobs: unknown[] };
    expect(listed.jobs).toHaveLength(1);
    expect((await fetch(`${server.url}/jobs/${id}`, { method: 'DELETE' })).status).toBe(200);
    expect(await codeOf(await fetch(`${server.url}/jobs/${id}`))).toEqual([404, 'not-found']);
  });

  it('gives the catalogue back with the copy in it, and predicts only what has changed since', async () => {
    const { harness, server } = await start();
    await harness.openJobWorkers();
    const shop = (count: number): string =>
      [
        'Handle,Title,Body (HTML),Vendor,SEO Title,SEO Description',
        ...Array.from(
          { length: count },
          (_, i) => `lamp-${i},Lamp ${i},<p>Bright &amp; small.</p>,"Acme, Inc",,`,
        ),
      ].join('\r\n');
    const predict = async (csv: string, query: string) => {
      const answer = await post(server, `?out_format=same&count=1&catalogue=shop${query}`, csv);
      const { job_id: id } = (await answer.json()) as { job_id: string };
      await harness.untilJobEnded(id);
      const output = await fetch(`${server.url}/jobs/${id}/output`);
      expect(output.headers.get('content-type')).toBe('text/csv; charset=utf-8');
      expect(output.headers.get('content-disposition')).toContain(`creatives-${id}.csv`);
      return (await output.text()).split('\r\n');
    };
    const [header, ...rows] = await predict(shop(25), '');
    expect(header).toBe(shop(0));
    expect(rows).toHaveLength(25);
    for (const [i, row] of rows.entries())
      expect(row).toMatch(
        new RegExp(`^lamp-${i},Lamp ${i},<p>Bright &amp; small.</p>,"Acme, Inc",Lamp ${i},.{10}`, 'u'),
      );
    const again = await predict(shop(27), '&only_changed=true');
    expect(again.slice(1, 26)).toEqual(shop(25).split('\r\n').slice(1));
    expect(again[26]).toMatch(/,Lamp 25,.{10}/u);
    expect(await predict(shop(27), '&only_changed=true')).toEqual(shop(27).split('\r\n'));
    const first = await predict(shop(27), '&preview=2');
    expect(first.filter((row) => !row.endsWith(',,'))).toHaveLength(3);
    const answer = await post(server, '?only_changed=true', CATALOGUE);
    expect([answer.status, await answer.text()]).toEqual([
      400,
      expect.stringContaining('name it (catalogue)'),
    ]);
  });

  it('names its texts where that is asked, and takes feedback on them after the work is cleared away', async () => {
    const { harness, server } = await start();
    await harness.openJobWorkers();
    const query = '?channels=x,google_rsa&count=2&map=title:Name';
    const { job_id: id } = (await (await post(server, `${query}&text_ids=true`, CATALOGUE)).json()) as {
      job_id: string;
    };
    const lines = (await harness.readOutput(await harness.untilJobEnded(id))).trimEnd().split('\n');
    const creatives = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const idsOf = (column: string): string[] => creatives.flatMap((row) => row[column] as string[]);
    expect(new Set(idsOf('ad_copy.text_id')).size).toBe(59);
    for (const row of creatives)
      expect(row['google_rsa.headlines.text_id']).toHaveLength(
        (row['google_rsa.headlines'] as string[]).length,
      );
    await freeJobs({ ...harness.services, retentionDays: 30, log: createSilentLogger() });
    const tell = async (body: object): Promise<[number, unknown]> => {
      const response = await fetch(`${server.url}/feedback`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return [response.status, await response.json()];
    };
    const [first = '', second = ''] = idsOf('x.text.text_id');
    expect(await tell({ text_id: first, outcome: 'accepted' })).toMatchObject([200, { is_new: true }]);
    const predictionId = first.slice(0, 32);
    const stored = (await (await fetch(`${server.url}/predictions/${predictionId}`)).json()) as {
      prediction: object;
    };
    expect(stored).toMatchObject({ prediction: { title: 'Lamp 0', request: { job: id } } });
    // Of all the catalogue's creatives that one alone has a row.
    const count = async () => (await harness.database.pool.query('SELECT FROM predictions')).rowCount;
    expect(await count()).toBe(1);
    // No shard, no row and no place of the job; nor one that was erased.
    const others = [`${first.slice(0, 20)}${'f'.repeat(12)}.ad_copy.0`, first.replace(/0$/, '9')];
    for (const textId of others)
      expect(await tell({ text_id: textId, impressions: 9 })).toMatchObject([404, { error: {} }]);
    expect((await fetch(`${server.url}/predictions/${predictionId}`, { method: 'DELETE' })).status).toBe(204);
    const report = [
      'utm_content,day,impressions,clicks',
      ...[first, second, ...idsOf('google_rsa.headlines.text_id').slice(-1)].map(
        (textId) => `${textId},2026-01-02,100,3`,
      ),
    ].join('\n');
    const told = await fetch(`${server.url}/feedback/batch`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: report,
    });
    expect(await told.json()).toMatchObject({
      new: 2,
      refused: 1,
      refused_rows: [{ line: 2, field: 'text_id', reason: expect.stringContaining('was erased') }],
    });
    expect(await count()).toBe(2);
    // What was not asked for costs nothing.
    const { job_id: plain } = (await (await post(server, query, CATALOGUE)).json()) as { job_id: string };
    await harness.untilJobEnded(plain);
    expect(await harness.services.artifacts.list(`jobs/${plain}/texts`)).toEqual([]);
  });

  it('writes for a brand in the version of its start, and refuses one that there is not', async () => {
    const { harness, server } = await start();
    await harness.openJobWorkers();
    const put = async (profile: object) => {
      const response = await fetch(`${server.url}/brands/acme`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(profile),
      });
      return [response.status, await response.json()];
    };
    const brand = { name: 'acme', version: 1, profile: { requiredPhrases: [{ text: 'By Acme' }] } };
    expect(await put({ requiredPhrases: ['By Acme'] })).toMatchObject([200, { brand, is_new: true }]);
    expect(await put({ requiredPhrases: ['By Acme'] })).toMatchObject([200, { brand, is_new: false }]);
    expect(await put({ requiredPhrase: [] })).toMatchObject([400, { error: { code: 'invalid-input' } }]);
    expect(await codeOf(await post(server, '?brand=other&map=title:Name', CATALOGUE))).toEqual([
      400,
      'invalid-input',
    ]);
    const { job_id: id } = (await (
      await post(server, '?brand=acme&count=2&map=title:Name', CATALOGUE)
    ).json()) as {
      job_id: string;
    };
    expect(await put({ requiredPhrases: ['From Acme'] })).toMatchObject([200, { brand: { version: 2 } }]);
    const creatives = (await harness.readOutput(await harness.untilJobEnded(id))).trimEnd().split('\n');
    for (const creative of creatives.map((line) => JSON.parse(line) as Record<string, unknown>))
      expect(creative).toMatchObject({ brand: 'acme@1', ad_copy: expect.stringContaining('By Acme') });

    const predict = async (asked: string) => {
      const body = JSON.stringify({ title: 'Lamp', description: 'a lovely bright lamp', brand: asked });
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${server.url}/predict`, { method: 'POST', headers, body });
      return (await response.json()) as { prediction_id: string };
    };
    const predicted = await predict('acme');
    expect(predicted).toMatchObject({
      brand: { name: 'acme', version: 2 },
      data: { ad_copy: expect.stringContaining('From Acme') },
    });
    expect(await predict('acme@1')).toMatchObject({ brand: { version: 1 } });
    expect(await predict('other')).toMatchObject({ error: { code: 'invalid-input', field: 'brand' } });
    const show = async (path: string): Promise<unknown> => await (await fetch(server.url + path)).json();
    expect(await show('/brands')).toMatchObject({ brands: [{ name: 'acme', version: 2 }] });
    expect(await show('/brands/acme')).toMatchObject({ brand: { version: 2 } });
    expect(await show('/brands/acme/versions')).toMatchObject({ versions: [{ version: 2 }, { version: 1 }] });
    expect(await show('/brands/acme/versions/1')).toMatchObject({ brand });
    await expect
      .poll(async () => await show(`/predictions/${predicted.prediction_id}/receipt`), { timeout: 20_000 })
      .toMatchObject({ receipt: { prediction: { brand: { name: 'acme', version: 2 } } } });
  });

  it('reads an address within the destination policy, and refuses one outside it', async () => {
    const { harness, server } = await start({ allowHosts: ['127.0.0.1'] });
    await harness.openJobWorkers();
    const shop = createServer((_, response) => response.setHeader('content-type', 'text/csv').end(CATALOGUE));
    await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
    closers.push(() => new Promise((resolve) => shop.close(() => resolve())));
    const url = encodeURIComponent(
      `http://127.0.0.1:${(shop.address() as AddressInfo).port}/feed?key=secret`,
    );
    const inside = encodeURIComponent('http://10.0.0.1/feed');
    expect(await codeOf(await post(server, `?url=${inside}`))).toEqual([403, 'forbidden']);
    const answer = await post(server, `?url=${url}&count=1&map=title:Name`);
    expect(answer.status).toBe(202);
    const job = await harness.untilJobEnded(((await answer.json()) as { job_id: string }).job_id);
    expect([job.status, job.rows.done]).toEqual(['succeeded', 59]);
    expect(job.source).not.toContain('secret');
  });

  it('refuses what cannot be used, and keeps nothing of it', async () => {
    const { harness, server } = await start({ maxUploadBytes: 2000 });
    expect(await codeOf(await post(server, ''))).toEqual([400, 'invalid-input']);
    expect(await statusWithoutBody(server)).toBe(400);
    expect(await codeOf(await post(server, '?channels=myspace', 'title\na\n'))).toEqual([
      400,
      'invalid-input',
    ]);
    expect(await codeOf(await post(server, '?map=title', 'title\na\n'))).toEqual([400, 'invalid-input']);
    expect(await codeOf(await post(server, '', CATALOGUE))).toEqual([413, 'payload-too-large']);
    const streamed = await fetch(`${server.url}/jobs/predict`, {
      method: 'POST',
      body: new Blob([CATALOGUE]).stream(),
      duplex: 'half',
    });
    expect(await codeOf(streamed)).toEqual([413, 'payload-too-large']);
    expect(await harness.services.artifacts.list('jobs')).toEqual([]);
  });

  it('lets a job be cancelled, and gives no output of it', async () => {
    const { harness, server } = await start();
    const answer = await post(server, '?map=title:Name', CATALOGUE);
    const { job_id: id } = (await answer.json()) as { job_id: string };
    expect(await codeOf(await fetch(`${server.url}/jobs/${id}`, { method: 'DELETE' }))).toEqual([
      409,
      'conflict',
    ]);
    expect((await fetch(`${server.url}/jobs/${id}/cancel`, { method: 'POST' })).status).toBe(202);
    expect(await codeOf(await fetch(`${server.url}/jobs/${id}/output`))).toEqual([409, 'conflict']);
    expect((await harness.getJob(id)).status).toBe('cancelled');
  });
});
