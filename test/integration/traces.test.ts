/** Traces as a receiver of OTLP gets them: one for a run and one for a prediction, whole across processes. */
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyBase, writeTinyRows } from '../../fixtures/tiny-base.ts';
import { readTraceSettings } from '../../src/core/config/index.ts';
import { createHexId } from '../../src/core/ids.ts';
import { openTracing, type Tracing } from '../../src/core/trace.ts';
import type { Server } from '../../src/server/index.ts';
import { openServingHarness, postJson, type ServerHarness } from './server-harness.ts';

interface Span {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  role: string;
  pid: number;
  attributes: { key: string; value: Record<string, unknown> }[];
  startTimeUnixNano: string;
  endTimeUnixNano: string;
}
interface Export {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string; intValue?: number } }[] };
    scopeSpans: { spans: Omit<Span, 'role' | 'pid'>[] }[];
  }[];
}

const received: Span[] = [];
let receiver: HttpServer;
let tracing: Tracing;
let folder: string;
let harness: ServerHarness;
let server: Server;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      for (const { resource, scopeSpans } of (JSON.parse(body) as Export).resourceSpans) {
        const of = (key: string) => resource.attributes.find((one) => one.key === key)?.value;
        const role = of('copyloop.role')?.stringValue ?? '';
        const pid = Number(of('process.pid')?.intValue);
        for (const { spans } of scopeSpans) received.push(...spans.map((span) => ({ ...span, role, pid })));
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  // As an operator sets them; the child process of the training inherits them.
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${port}`;
  process.env['OTEL_EXPORTER_OTLP_PROTOCOL'] = 'http/json';
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '100';
  tracing = await openTracing(readTraceSettings(), 'test');
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-traces-'));
  const base = await writeTinyBase(path.join(folder, 'base'));
  const rows = await writeTinyRows(path.join(folder, 'rows.csv'), 400, 1);
  ({ harness, server } = await openServingHarness(folder, {
    model: { base },
    pipeline: { candidates: [{ name: 'head', recipe: 'head', seed: 1, settings: {} }] },
    data: {
      source: { kind: 'file', path: rows, url: null, count: 1, seed: 1, timeoutMs: 1000, maxBytes: 1e6 },
      label: { threshold: 3.5, column: 'label' },
    },
  }));
});
afterAll(async () => {
  await harness.close();
  await tracing.close();
  await new Promise((resolve) => receiver.close(resolve));
  for (const name of ['ENDPOINT', 'PROTOCOL']) delete process.env[`OTEL_EXPORTER_OTLP_${name}`];
  delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
  await rm(folder, { recursive: true, force: true });
});

const ofTrace = (traceId: string): Span[] => received.filter((span) => span.traceId === traceId);
const namesOf = (spans: readonly Span[]): string[] => [...new Set(spans.map(({ name }) => name))];

/** Every span hangs on another of the trace, up to the one that the caller sent. */
function findLoose(spans: readonly Span[], root: string): string[] {
  const ids = new Set([root, ...spans.map(({ spanId }) => spanId)]);
  return spans.filter(({ parentSpanId = '' }) => !ids.has(parentSpanId)).map(({ name }) => name);
}

describe('a trace', () => {
  it('of a prediction goes from the request of the caller to writing and scoring', async () => {
    const [traceId, root] = [createHexId(), createHexId().slice(0, 16)];
    const headers = { traceparent: `00-${traceId}-${root}-01` };
    const product = { title: 'Premium Headphones', description: 'Crystal clear sound.' };
    expect((await postJson(`${server.url}/predict`, product, headers)).status).toBe(200);
    await expect
      .poll(() => namesOf(ofTrace(traceId)))
      .toEqual(expect.arrayContaining(['POST /predict', 'write', 'score']));
    await expect.poll(() => findLoose(ofTrace(traceId), root)).toEqual([]);
    const spans = ofTrace(traceId);
    expect(spans.find(({ name }) => name === 'POST /predict')).toMatchObject({
      parentSpanId: root,
      kind: 2,
      attributes: expect.arrayContaining([
        { key: 'http.response.status_code', value: { intValue: 200 } },
        { key: 'http.route', value: { stringValue: '/predict' } },
      ]),
    });
  });

  it('of a run goes from the request through queues, stages, the training process and the database', async () => {
    await harness.openWorkers();
    const [traceId, root] = [createHexId(), createHexId().slice(0, 16)];
    const { status, body } = await postJson(
      `${server.url}/runs`,
      {},
      { traceparent: `00-${traceId}-${root}-01` },
    );
    expect({ status, body }).toMatchObject({ status: 202 });
    const runId = String(body['run_id']);
    await expect
      .poll(async () => (await harness.getRun(runId)).status, { timeout: 60_000 })
      .toBe('succeeded');
    const stages = ['generate-data', 'version-data', 'train-model', 'register-model', 'summarize-run'];
    await expect
      .poll(() => namesOf(ofTrace(traceId)), { timeout: 10_000 })
      .toEqual(
        expect.arrayContaining([
          'POST /runs',
          ...stages.map((stage) => `stage ${stage}`),
          'training process',
          'postgresql INSERT',
        ]),
      );
    // The span of a stage is sent when the queue has its job's end, after that of the run.
    await expect.poll(() => findLoose(ofTrace(traceId), root), { timeout: 10_000 }).toEqual([]);
    const spans = ofTrace(traceId);
    const training = spans.find(({ name }) => name === 'training process');
    expect(training?.pid).not.toBe(process.pid);
    expect(training?.parentSpanId).toBe(spans.find(({ name }) => name === 'stage train-model')?.spanId);
    if (process.env['SHOW_TRACE'] !== undefined) process.stdout.write(`${renderTrace(spans, root)}\n`);
  });
});

/** As docs/operations.md shows it. */
function renderTrace(spans: readonly Span[], root: string): string {
  const startNs = Math.min(...spans.map(({ startTimeUnixNano }) => Number(startTimeUnixNano)));
  const lines: string[] = [];
  const visit = (parent: string, depth: number): void => {
    const children = spans
      .filter(({ parentSpanId }) => parentSpanId === parent)
      .toSorted((a, b) => Number(a.startTimeUnixNano) - Number(b.startTimeUnixNano));
    for (const span of children) {
      const atMs = Math.round((Number(span.startTimeUnixNano) - startNs) / 1e6);
      const tookMs = ((Number(span.endTimeUnixNano) - Number(span.startTimeUnixNano)) / 1e6).toFixed(1);
      lines.push(
        `${String(atMs).padStart(6)} ms ${tookMs.padStart(8)} ms  ${'  '.repeat(depth)}${span.name}`,
      );
      visit(span.spanId, depth + 1);
    }
  };
  visit(root, 0);
  return lines.join('\n');
}
