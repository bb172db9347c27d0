/**
 * Every entrance of the server that takes text takes time in proportion to it. Seen before: one order_by of
 * 60 KB kept all other requests waiting for half a minute. Processor time of this process is compared, for a
 * text and for one of twice its length.
 */
import { Agent, request } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectSource } from '../../src/data/index.ts';
import type { Server } from '../../src/server/index.ts';
import { isSteep } from '../growth.ts';
import { openServingHarness, type ServerHarness } from './server-harness.ts';

let folder: string;
let harness: ServerHarness;
let server: Server;
const agent = new Agent({ keepAlive: true });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-growth-'));
  ({ harness, server } = await openServingHarness(folder));
});
afterAll(async () => {
  agent.destroy();
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a careless pattern or loop reads again and again. */
const HOSTILE: readonly ((size: number) => string)[] = [
  (size) => `${'1'.repeat(size)}x`,
  (size) => `${'/'.repeat(size)}x`,
  (size) => '%25'.repeat(size / 3),
  (size) => `${'"'.repeat(size)}x`,
  (size) => `${"'".repeat(size)}x`,
  (size) => `x${' '.repeat(size)}x`,
  (size) => `${','.repeat(size)}x`,
  (size) => '['.repeat(size),
  (size) => '<'.repeat(size),
  (size) => '&'.repeat(size),
  (size) => 'and '.repeat(size / 4),
];
/** Node takes headers and address of 16 KB; bodies may be long. */
const LINE_CHARS = 6000;
const BODY_CHARS = 60_000;

interface Sent {
  method: string;
  /** With the query. */
  address: string;
  headers?: Record<string, string>;
  body?: string;
}

async function send({ method, address, headers = {}, body }: Sent): Promise<number> {
  return await new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request(
      { agent, hostname, port, method, path: address, headers: { ...type, ...headers } },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    asked.on('error', reject).end(body);
  });
}

/** The texts whose time grows faster than their length, of those that the entrance was given. */
async function findSteep(make: (text: string) => Sent, size: number): Promise<string[]> {
  const steep: string[] = [];
  for (const hostile of HOSTILE) {
    const run = async (chars: number) => {
      const status = await send(make(hostile(chars)));
      if (status >= 500) steep.push(`${hostile(12)}: ${status}`);
    };
    if (await isSteep(run, size, 'processor', 2, [1, 1, 1])) steep.push(hostile(12));
  }
  return steep;
}

interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  default?: unknown;
  minimum?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  required?: string[];
  properties?: Record<string, Schema>;
}
interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/**
 * Every place of a described operation that a text can be put into: its path, each value of its query and
 * headers, each text of its body.
 */
function entrancesOf(
  description: Description,
): { name: string; size: number; make: (text: string) => Sent }[] {
  const follow = (schema: Schema): Schema =>
    schema.$ref === undefined
      ? schema
      : follow(description.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  const example = (given: Schema): unknown => {
    const schema = follow(given);
    const [first] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
    if (first !== undefined) return example(first);
    if (schema.enum !== undefined) return schema.enum[0];
    switch (String([schema.type].flat()[0])) {
      case 'object':
        return Object.fromEntries(
          (schema.required ?? []).map((name) => [name, example(schema.properties?.[name] ?? {})]),
        );
      case 'array':
        return [example(schema.items ?? {})];
      case 'integer':
      case 'number':
        return schema.minimum ?? 1;
      case 'boolean':
        return true;
      default:
        return 'x';
    }
  };
  /** Bodies that hold `text` in one place each, by the name of the place. */
  const bodies = (given: Schema, text: string): [string, unknown][] => {
    const schema = follow(given);
    const [first] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
    if (first !== undefined) return bodies(first, text);
    if (schema.items !== undefined)
      return bodies(schema.items, text).map(([name, body]) => [`${name}[]`, [body]]);
    if (schema.properties === undefined) return [['', text]];
    return Object.entries(schema.properties).flatMap(([name, member]) =>
      bodies(member, text).map(([inner, body]): [string, unknown] => [
        `.${name}${inner}`,
        { ...(example(schema) as object), [name]: body },
      ]),
    );
  };
  return Object.entries(description.paths).flatMap(([pattern, operations]) =>
    Object.entries(operations).flatMap(([verb, { parameters = [], requestBody }]) => {
      const method = verb.toUpperCase();
      const places = parameters.map(({ name, in: where }) => ({
        name: `${method} ${pattern} ${where} ${name}`,
        size: LINE_CHARS,
        make: (text: string): Sent => {
          const address = pattern.replaceAll(/\{(\w+)\}/g, (_, param: string) =>
            where === 'path' && param === name ? encodeURI(text) : '1',
          );
          return {
            method,
            address:
              where === 'query' ? `${address}?${name}=${encodeURIComponent(text).slice(0, 14_000)}` : address,
            ...(where === 'header' && { headers: { [name]: text } }),
          };
        },
      }));
      const schema = requestBody?.content['application/json']?.schema;
      const address = pattern.replaceAll(/\{\w+\}/g, '1');
      if (schema === undefined) return places;
      return [
        ...places,
        ...bodies(schema, '').map(([place], at) => ({
          name: `${method} ${pattern} body ${place}`,
          size: BODY_CHARS,
          make: (text: string): Sent => ({
            method,
            address,
            body: JSON.stringify(bodies(schema, text)[at]?.[1]),
          }),
        })),
      ];
    }),
  );
}

it(
  'each text of each operation of /openapi.json is read in time that grows with its length',
  { timeout: 600_000 },
  async () => {
    const description = (await (await fetch(`${server.url}/openapi.json`)).json()) as Description;
    const entrances = entrancesOf(description);
    expect(entrances.length).toBeGreaterThan(80);
    const steep: string[] = [];
    for (const { name, size, make } of entrances)
      steep.push(...(await findSteep(make, size)).map((fault) => `${name}: ${fault}`));
    expect(steep).toEqual([]);
  },
);

const mlflow = (where: string) => `/api/2.0/mlflow/${where}`;
const post =
  (address: string, fields: (text: string) => unknown) =>
  (text: string): Sent => ({
    method: 'POST',
    address,
    body: JSON.stringify(fields(text)),
  });
const get =
  (address: (text: string) => string) =>
  (text: string): Sent => ({ method: 'GET', address: address(text) });

describe('a text of an MLflow request', () => {
  it.each<[string, (text: string) => Sent]>([
    ['runs/search filter', post(mlflow('runs/search'), (filter) => ({ experiment_ids: ['0'], filter }))],
    [
      'runs/search value',
      post(mlflow('runs/search'), (text) => ({ experiment_ids: ['0'], filter: `metrics.x > ${text}` })),
    ],
    [
      'runs/search order_by',
      post(mlflow('runs/search'), (text) => ({ experiment_ids: ['0'], order_by: [text] })),
    ],
    [
      'runs/search page_token',
      post(mlflow('runs/search'), (text) => ({ experiment_ids: ['0'], page_token: text })),
    ],
    [
      'experiments/search filter',
      post(mlflow('experiments/search'), (filter) => ({ filter, max_results: 1 })),
    ],
    [
      'logged-models/search order_by',
      post(mlflow('logged-models/search'), (text) => ({
        experiment_ids: ['0'],
        order_by: [{ field_name: text }],
      })),
    ],
    ['experiments/create name', post(mlflow('experiments/create'), (name) => ({ name }))],
    [
      'experiments/create artifact_location',
      post(mlflow('experiments/create'), (text) => ({
        name: 'x',
        artifact_location: `mlflow-artifacts:${text}`,
      })),
    ],
    [
      'runs/create run_name',
      post(mlflow('runs/create'), (run_name) => ({ experiment_id: 'none', run_name })),
    ],
    [
      'runs/log-metric value',
      post(mlflow('runs/log-metric'), (value) => ({ run_id: 'x', key: 'x', value, timestamp: 1 })),
    ],
    [
      'runs/log-metric key',
      post(mlflow('runs/log-metric'), (key) => ({ run_id: 'x', key, value: 1, timestamp: 1 })),
    ],
    [
      'runs/log-batch params',
      post(mlflow('runs/log-batch'), (text) => ({ run_id: 'x', params: [{ key: text, value: text }] })),
    ],
    ['runs/set-tag value', post(mlflow('runs/set-tag'), (value) => ({ run_id: 'x', key: 'x', value }))],
    [
      'runs/log-model model_json',
      post(mlflow('runs/log-model'), (model_json) => ({ run_id: 'x', model_json })),
    ],
    ['registered-models/create name', post(mlflow('registered-models/create'), (name) => ({ name }))],
    [
      'model-versions/create source',
      post(mlflow('model-versions/create'), (text) => ({ name: 'x', source: `mlflow-artifacts:/${text}` })),
    ],
    [
      'webhooks/create url',
      post(mlflow('webhooks'), (text) => ({ name: 'x', url: `https://1.1.1.1/${text}`, events: [] })),
    ],
  ])('as %s is read in time that grows with its length', { timeout: 300_000 }, async (_, make) => {
    expect(await findSteep(make, BODY_CHARS)).toEqual([]);
  });
  it.each<[string, (text: string) => Sent]>([
    [
      'registered-models/search filter',
      get((text) => mlflow(`registered-models/search?filter=${encodeURIComponent(text).slice(0, 14_000)}`)),
    ],
    [
      'model-versions/search filter',
      get((text) => mlflow(`model-versions/search?filter=${encodeURIComponent(text).slice(0, 14_000)}`)),
    ],
    [
      'the path of an artifact',
      get((text) => `/api/2.0/mlflow-artifacts/artifacts/${encodeURI(text).slice(0, 14_000)}`),
    ],
    [
      'a path to list',
      get((text) => `/api/2.0/mlflow-artifacts/artifacts?path=${encodeURIComponent(text).slice(0, 14_000)}`),
    ],
    ['the path of no route', get((text) => `/${encodeURI(text).slice(0, 14_000)}`)],
    ['the query of no route', get((text) => `/nowhere?${encodeURI(text).slice(0, 14_000)}`)],
  ])('as %s is read in time that grows with its length', { timeout: 300_000 }, async (_, make) => {
    expect(await findSteep(make, LINE_CHARS)).toEqual([]);
  });
});

it.each([
  'host',
  'origin',
  'accept',
  'accept-encoding',
  'authorization',
  'content-type',
  'cookie',
  'if-none-match',
  'inference-header-content-length',
  'traceparent',
  'user-agent',
  'x-forwarded-host',
  'x-forwarded-prefix',
  'x-request-id',
  'x-request-timeout-ms',
])('the header %s is read in time that grows with its length', { timeout: 300_000 }, async (name) => {
  const body = '{"title": "Lamp", "description": ""}';
  for (const [method, address] of [
    ['POST', '/feedback'],
    ['GET', '/'],
  ] as const)
    expect(
      await findSteep(
        (text) => ({ method, address, headers: { [name]: text }, ...(method === 'POST' && { body }) }),
        LINE_CHARS,
      ),
    ).toEqual([]);
});

it.each<[string, (text: string) => Sent]>([
  [
    'the boundary',
    (text) => ({
      method: 'POST',
      address: '/jobs/predict',
      headers: { 'content-type': `multipart/form-data; boundary=${text.slice(0, 13_000)}` },
      body: `--${text}--`,
    }),
  ],
  [
    'the name of a part',
    (text) => ({
      method: 'POST',
      address: '/ajax-api/2.0/mlflow/upload-artifact?run_uuid=x&path=x',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: `--x\r\ncontent-disposition: form-data; name="${text}"\r\n\r\nx\r\n--x--`,
    }),
  ],
])(
  '%s of a multipart body is read in time that grows with its length',
  { timeout: 300_000 },
  async (_, make) => {
    expect(await findSteep(make, LINE_CHARS)).toEqual([]);
  },
);

describe('a file that is read in', () => {
  const source = { kind: 'file', url: null, count: 1, seed: 0, timeoutMs: 60_000, maxBytes: 1e9 } as const;
  const price = (cell: string) =>
    `title,description,price\na lamp,it is bright,"${cell.replaceAll('"', '""')}"\n`;
  it.each<[string, string, (text: string) => string]>([
    ['a header of CSV', 'csv', (text) => `title,description,${text}\na,b,c\n`],
    ['names of columns of CSV', 'csv', (text) => `title,description${text.replaceAll(/./g, ',a')}\na,b\n`],
    ['a price', 'csv', price],
    ['a price with a currency', 'csv', (text) => price(`$ ${text} EUR`)],
    ['a rating', 'csv', (text) => `title,description,rating\na,b,"${text.replaceAll('"', '')} / 5"\n`],
    ['a time', 'csv', (text) => `title,description,timestamp\na,b,"2026-01-${text.replaceAll('"', '')}"\n`],
    ['a description', 'csv', (text) => `title,description\na,"${text.replaceAll('"', '""')}"\n`],
    ['quotes where none belong', 'csv', (text) => `title,description\na,b${text}\n`],
    ['a cell of TSV', 'tsv', (text) => `title\tdescription\na\t${text}\n`],
    ['a text of JSON', 'json', (text) => JSON.stringify([{ title: 'a', description: text }])],
    ['a name of JSON', 'json', (text) => JSON.stringify([{ title: 'a', description: 'b', [text]: 1 }])],
    ['broken JSON', 'json', (text) => `[{"title": ${text}`],
    [
      'a line of JSONL',
      'jsonl',
      (text) => `{"title": "a", "description": ${JSON.stringify(text)}}\n${text}\n`,
    ],
  ])('takes time in proportion to %s', { timeout: 300_000 }, async (name, format, make) => {
    const steep: string[] = [];
    for (const [at, hostile] of HOSTILE.entries()) {
      const fileOf = (chars: number) =>
        path.join(folder, `${name.replaceAll(' ', '-')}-${at}-${chars}.${format}`);
      for (const chars of [BODY_CHARS, 2 * BODY_CHARS, 4 * BODY_CHARS])
        await writeFile(fileOf(chars), make(hostile(chars)));
      const inspect = (chars: number) =>
        inspectSource({ source: { ...source, path: fileOf(chars) }, map: {}, refusedKept: 10 });
      if (await isSteep(inspect, BODY_CHARS, 'processor', 2)) steep.push(hostile(12));
    }
    expect(steep).toEqual([]);
  });
});
