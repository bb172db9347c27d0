/**
 * The client against a real server, and as a stranger installs it: from the packed archive, without any other
 * package beside it.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createClient, type Client } from '../../src/client/index.ts';
import { packageRoot } from '../../src/core/paths.ts';
import type { Server } from '../../src/server/index.ts';
import { renderApi, type OpenApi } from '../client/render-api.ts';
import { awaitApproval, pendingTags } from '../../src/tracking/index.ts';
import { openServingHarness, type ServerHarness } from './server-harness.ts';

const run = promisify(execFile);
const product = { title: 'Lamp', description: 'a lovely bright lamp for the home' };

let folder: string;
let harness: ServerHarness;
let server: Server;
let client: Client;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-client-'));
  ({ harness, server } = await openServingHarness(folder));
  client = createClient({ url: server.url });
  await vi.waitFor(() => client.ready(), { timeout: 20_000, interval: 100 });
});
afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the client', () => {
  it('has the types of what the server says that it answers', async () => {
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as OpenApi;
    const file = path.join(packageRoot, 'src', 'client', 'api.ts');
    const text = await format(renderApi(document), { ...(await resolveConfig(file)), parser: 'typescript' });
    await expect(text).toMatchFileSnapshot(file);
  });

  it('predicts, one and many, and takes feedback once', async () => {
    const answer = await client.predict({ ...product, count: 1 });
    expect(answer.data.title).toBe('Lamp');
    expect(answer.model.version).toBe(1);
    const batch = await client.batchPredict({ items: [product, product], count: 1 });
    expect(batch.count).toBe(2);
    const feedback = {
      prediction_id: answer.prediction_id,
      outcome: 'accepted',
      idempotency_key: 'k',
    } as const;
    expect((await client.feedback(feedback)).is_new).toBe(true);
    expect((await client.feedback(feedback)).is_new).toBe(false);
  });

  it('tells what is served and where the champion came from', async () => {
    expect((await client.info()).models[0]).toMatchObject({ alias: 'champion', version: 1 });
    expect((await client.health()).status).toBe('healthy');
    const [model] = await client.models.list();
    expect(model).toMatchObject({ aliases: { champion: 1 }, latest_version: 1 });
    expect((await client.models.history(model?.name ?? ''))[0]).toMatchObject({ to_version: 1 });
    await expect(
      client.models.rollback(model?.name ?? '', 'champion', { reason: 'worse' }),
    ).rejects.toMatchObject({
      code: 'conflict',
      status: 409,
    });
    expect((await client.traffic.get()).status).toBe('success');
  });

  it('carries the code, the status and the request id of a refusal', async () => {
    await expect(client.predict({ title: '', description: 'x' })).rejects.toMatchObject({
      code: 'invalid-input',
      status: 400,
      details: { field: 'title' },
      requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    await expect(client.mlflow.runs.get('0'.repeat(32))).rejects.toMatchObject({
      code: 'not-found',
      status: 404,
    });
  });

  it('starts a run, follows it to its end and replays it', async () => {
    const id = await client.runs.start({ recipes: ['head'] });
    await expect(client.runs.start()).rejects.toMatchObject({
      code: 'conflict',
      details: { activeRunId: id },
    });
    const seen: string[] = [];
    for await (const state of client.runs.follow(id, { pollMs: 20 })) {
      seen.push(state.status);
      if (state.status === 'active') await client.runs.cancel(id);
    }
    expect([seen[0], seen.at(-1)]).toEqual(['active', 'cancelled']);
    const replayed = await client.runs.replay(id);
    expect((await client.runs.get(replayed)).replay_of).toBe(id);
    await client.runs.cancel(replayed);
    expect((await client.runs.list({ limit: 2 })).map((one) => one.id)).toEqual([replayed, id]);
  });

  it('sends a catalogue, follows its job and gives the creatives and the refused rows as streams', async () => {
    const { jobs } = client;
    const catalogue = 'Name,description\nLamp,a bright lamp for the home\n,nothing\nMat,"rolls, up small"\n';
    const request = {
      map: ['title:Name', 'description:description'],
      channels: ['x', 'email'],
      // Nothing asked for is nothing sent, not one empty word.
      keywords: [],
      count: 1,
      seed: 3,
    };
    const early = await jobs.start({ body: catalogue, contentType: 'text/csv' }, request);
    await expect(jobs.output(early)).rejects.toMatchObject({ code: 'conflict', status: 409 });
    await expect(jobs.delete(early)).rejects.toMatchObject({ code: 'conflict' });
    await jobs.cancel(early);
    await expect(jobs.resume(early)).rejects.toMatchObject({ code: 'conflict' });
    await expect(jobs.start({ url: 'http://10.0.0.1/feed' })).rejects.toMatchObject({ code: 'forbidden' });

    await harness.openJobWorkers();
    const id = await jobs.start(
      { body: new Blob([catalogue]).stream() },
      { ...request, keywords: ['cosy', 'warm'] },
    );
    const seen: string[] = [];
    for await (const job of jobs.follow(id, { pollMs: 20, signal: AbortSignal.timeout(60_000) }))
      seen.push(job.status);
    expect([seen[0], seen.at(-1)]).toEqual(['active', 'succeeded']);
    const job = await jobs.get(id);
    expect(job).toMatchObject({
      rows: { total: 2, done: 2, refused: 1 },
      options: { keywords: ['cosy', 'warm'] },
    });
    const rows = async (file: ReadableStream<Uint8Array>) =>
      (await new Response(file).text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object);
    const creatives = await rows(await jobs.output(id));
    expect(creatives).toMatchObject([{ title: 'Lamp' }, { title: 'Mat' }]);
    expect(Object.keys(creatives[0] ?? {})).toEqual(expect.arrayContaining(['x.text', 'email.subject']));
    expect(await rows(await jobs.refused(id))).toMatchObject([{ line: 3, field: 'title' }]);
    expect((await jobs.list({ status: 'succeeded' })).map((one) => one.id)).toEqual([id]);
    await jobs.delete(id);
    await expect(jobs.get(id)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('lets a job that failed go on', async () => {
    const id = await client.jobs.start({ body: 'only,columns\n1,2\n' });
    const end = async () => {
      const seen = [];
      for await (const job of client.jobs.follow(id, { pollMs: 20 })) seen.push(job);
      return seen.at(-1);
    };
    const failed = await end();
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'bad-data' } });
    await client.jobs.resume(id);
    // The columns are as wrong as before, so it fails once more: later.
    const again = await end();
    expect(again).toMatchObject({ status: 'failed', error: { code: 'bad-data' } });
    expect(Date.parse(again?.finished_at ?? '')).toBeGreaterThan(Date.parse(failed?.finished_at ?? ''));
  });

  it('approves and rejects what waits for a person, and shows the report and the receipt', async () => {
    const [model] = await client.models.list();
    const name = model?.name ?? '';
    const champion = model?.aliases['champion'] ?? 0;
    const { registry } = harness.tracking;
    const { source } = await registry.getVersion(name, champion);
    const wait = async (): Promise<number> => {
      // A run of its own: the registry keeps one version a run.
      const runId = await client.runs.start();
      await client.runs.cancel(runId);
      await harness.artifacts.put(`runs/${runId}/comparison.json`, '{"decision":"pending-approval"}');
      const version = await registry.createVersion({
        name,
        source,
        pipelineRunId: runId,
        tags: pendingTags(champion),
      });
      const why = { reason: 'won the gate', pipelineRunId: runId };
      await awaitApproval({ locks: harness.database.locks, registry }, version, why);
      return version.version;
    };

    const worse = await wait();
    expect(await client.models.gateReport(name, worse)).toEqual({ decision: 'pending-approval' });
    await expect(client.models.gateReport(name, champion)).rejects.toMatchObject({ code: 'not-found' });
    expect(await client.models.receipt(name, champion)).toMatchObject({
      model_version: { version: champion },
    });
    const reason = { reason: 'read the report' };
    expect((await client.models.reject(name, worse, reason)).approval).toBe('rejected');
    await expect(client.models.approve(name, worse, reason)).rejects.toMatchObject({ code: 'conflict' });
    const better = await wait();
    expect(await client.models.approve(name, better, reason)).toMatchObject({
      approval: 'approved',
      aliases: ['champion'],
    });
  });

  it('tracks: every run of a search over pages, NaN as it is, artifacts as streams', async () => {
    const { experiments, runs, artifacts, registry } = client.mlflow;
    const experiment_id = await experiments.create('client');
    const made = [];
    for (const at of [0, 1, 2, 3, 4]) {
      const made_run = await runs.create({ experiment_id, start_time: at });
      made.push(made_run.info.run_id);
      await runs.logBatch(made_run.info.run_id, {
        metrics: [{ key: 'a', value: at === 0 ? Number.NaN : at, timestamp: 1 }],
      });
    }
    const found = [];
    for await (const one of runs.search({
      experiment_ids: [experiment_id],
      order_by: ['metrics.a ASC'],
      max_results: 2,
    }))
      found.push(one.info.run_id);
    expect(found).toEqual([...made.slice(1), made[0]]);
    const first = await runs.get(made[0] ?? '');
    expect(first.data.metrics).toEqual([{ key: 'a', value: 'NaN', timestamp: 1, step: 0 }]);

    const content = new Blob(['x'.repeat(3_000_000)]);
    await artifacts.upload(first, 'folder/a b.txt', content.stream());
    expect(await artifacts.list(first.info.run_id, 'folder')).toEqual([
      { path: 'folder/a b.txt', is_dir: false, file_size: 3_000_000 },
    ]);
    const stream = await artifacts.download(first, 'folder/a b.txt');
    expect((await new Response(stream).arrayBuffer()).byteLength).toBe(3_000_000);

    await registry.createModel('by client');
    const version = await registry.createVersion({
      name: 'by client',
      source: first.info.artifact_uri,
      run_id: first.info.run_id,
    });
    await registry.setAlias('by client', 'tried', version.version);
    expect((await registry.getByAlias('by client', 'tried')).version).toBe('1');
  });
});

describe('a call', () => {
  it('is repeated after 429 as late as Retry-After says, where it may be', async () => {
    const { times, url, close } = await openFake((_request, response) => {
      if (times.length > 1) response.end('{"status":"healthy"}');
      else response.writeHead(429, { 'retry-after': '1' }).end('{}');
    });
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const patient = createClient({ url });
    expect((await patient.health()).status).toBe('healthy');
    expect(timers.mock.calls.map(([, delayMs]) => delayMs)).toContain(1000);
    timers.mockRestore();
    await close();
  });

  it('is made once where twice would be two', async () => {
    const { times, url, close } = await openFake((_request, response) => {
      response.writeHead(503, { 'retry-after': '0', 'x-request-id': 'r1' }).end('busy');
    });
    await expect(createClient({ url }).runs.start()).rejects.toMatchObject({
      status: 503,
      requestId: 'r1',
      code: 'not-ready',
    });
    expect(times).toHaveLength(1);
    await expect(createClient({ url, retries: 2 }).health()).rejects.toMatchObject({ status: 503 });
    expect(times).toHaveLength(4);
    await close();
  });

  it('ends with its deadline, with its signal, and where nobody listens', async () => {
    const { url, close } = await openFake(() => undefined);
    await expect(createClient({ url, timeoutMs: 30 }).health()).rejects.toMatchObject({
      code: 'timed-out',
      status: null,
    });
    const reason = new Error('enough');
    await expect(createClient({ url }).health({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await close();
    await expect(createClient({ url, retries: 0 }).health()).rejects.toMatchObject({
      code: 'unavailable',
      status: null,
    });
  });
});

describe('the packed client', () => {
  it('compiles and runs in a project that has nothing else: the example of docs/client.md', async () => {
    await harness.openJobWorkers();
    const project = path.join(folder, 'project');
    const installed = path.join(project, 'node_modules', 'copyloop');
    await mkdir(installed, { recursive: true });
    const packed = await run('npm', ['pack', '--json', '--loglevel', 'error', '--pack-destination', folder], {
      cwd: packageRoot,
      maxBuffer: 1e8,
    });
    const [archive] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('['))) as { filename: string }[];
    await run('tar', [
      '-xzf',
      path.join(folder, archive?.filename ?? ''),
      '-C',
      installed,
      '--strip-components',
      '1',
    ]);
    const page = await readFile(path.join(packageRoot, 'docs', 'client.md'), 'utf8');
    const example = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    await writeFile(
      path.join(project, 'main.ts'),
      `declare const process: { env: Record<string, string> };\n${example}\nexport {};\n`,
    );
    await writeFile(path.join(project, 'package.json'), '{"type":"module"}');
    const options = {
      compilerOptions: {
        target: 'es2022',
        module: 'nodenext',
        lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
        types: [],
        strict: true,
        skipLibCheck: false,
        rootDir: '.',
        outDir: 'out',
      },
      include: ['main.ts'],
    };
    await writeFile(path.join(project, 'tsconfig.json'), JSON.stringify(options));
    const compiled = await run(process.execPath, [
      path.join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc'),
      '-p',
      project,
    ]).catch((error: { stdout: string }) => error);
    expect(compiled.stdout).toBe('');
    const { stdout } = await run(process.execPath, [path.join(project, 'out', 'main.js')], {
      env: { PATH: path.dirname(process.execPath), COPYLOOP_URL: server.url },
    });
    expect(stdout).toMatch(
      /by version \d+\ninvalid-input 400 title [0-9a-f]{32}\nactive\n(active\n)*cancelled\n(active \d\n)*succeeded 2\n2 creatives\nfirst as bytes, text or a stream\n$/,
    );
  }, 240_000);
});

async function openFake(
  answer: RequestListener,
): Promise<{ times: number[]; url: string; close: () => Promise<void> }> {
  const times: number[] = [];
  const fake: HttpServer = createServer((request, response) => {
    times.push(performance.now());
    answer(request, response);
  });
  await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    fake.closeAllConnections();
    await new Promise((resolve) => fake.close(resolve));
  };
  return { times, url: `http://127.0.0.1:${(fake.address() as AddressInfo).port}`, close };
}
