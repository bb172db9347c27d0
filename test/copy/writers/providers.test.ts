/**
 * Servers that behave as each provider's API does: what they take and refuse, how they stream, think, limit
 * and break off, how they name model and tokens.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createCopywriter, createOpenAiWriter, loadChannels, type Draft } from '../../../src/copy/index.ts';
import { createLane, parseDurationMs } from '../../../src/copy/writers/openai/lane.ts';
import type { OpenAiWriterOptions } from '../../../src/copy/writers/index.ts';
import { systemClock } from '../../../src/core/clock.ts';

const lamp = { title: 'Nordic Desk Lamp', description: 'A compact light with a soft glow.' };
const GOOD = {
  social_media_caption: [
    'Soft glow, small desk.',
    'Your desk, kindly lit.',
    'A compact light for late pages.',
  ],
  ad_copy: ['Light up small desks softly.', 'Compact glow for your desk.', 'Meet a soft, compact light.'],
};

interface Body extends Record<string, unknown> {
  messages: { role: string; content: string }[];
}
interface Exchange {
  body: Body;
  request: IncomingMessage;
  response: ServerResponse;
  /** Counts from 1. */
  turn: number;
}
type Provider = (exchange: Exchange) => void;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(
  provider: Provider,
): Promise<{ baseUrl: string; bodies: Body[]; requests: IncomingMessage[] }> {
  const bodies: Body[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const body = JSON.parse(text) as Body;
      bodies.push(body);
      requests.push(request);
      provider({ body, request, response, turn: bodies.length });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, bodies, requests };
}

const refuse = (
  { response }: Exchange,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

interface Answered {
  model?: string;
  fingerprint?: string;
  text?: string;
  usage?: object;
  /** Of each piece. */
  chunk?: (delta: object, finish: string | null) => object;
  headers?: Record<string, string>;
}

function stream({ response }: Exchange, answered: Answered = {}): void {
  const { model = 'm-2026-11-01', fingerprint, text = JSON.stringify(GOOD), usage, headers } = answered;
  const chunk =
    answered.chunk ??
    ((delta: object, finish_reason: string | null) => ({
      object: 'chat.completion.chunk',
      model,
      ...(fingerprint !== undefined && { system_fingerprint: fingerprint }),
      choices: [{ index: 0, delta, finish_reason }],
      usage: null,
    }));
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  const send = (event: object): void => void response.write(`data: ${JSON.stringify(event)}\n\n`);
  send(chunk({ role: 'assistant', content: '' }, null));
  for (let at = 0; at < text.length; at += 11) send(chunk({ content: text.slice(at, at + 11) }, null));
  send(chunk({}, 'stop'));
  if (usage !== undefined) send({ object: 'chat.completion.chunk', model, choices: [], usage });
  response.end('data: [DONE]\n\n');
}

const USAGE = { prompt_tokens: 321, completion_tokens: 123, total_tokens: 444 };

async function propose(
  baseUrl: string,
  options: Partial<OpenAiWriterOptions> = {},
  signal?: AbortSignal,
): Promise<Draft> {
  const writer = createOpenAiWriter({
    baseUrl,
    model: 'm',
    timeoutMs: 10_000,
    retries: 2,
    backoffMs: 1,
    ...options,
  });
  return await createCopywriter({ channels: loadChannels(), writer }).propose({
    ...lamp,
    count: 3,
    seed: 7,
    signal,
  });
}
const writersOf = (draft: Draft): string[] => [
  ...new Set(draft.fields.flatMap(({ texts }) => texts.map(({ writer }) => writer))),
];

describe('the openai writer', () => {
  it.each<[string, Provider, object]>([
    [
      'of OpenAI, whose reasoning models take no max_tokens and no temperature',
      (exchange) => {
        const { body } = exchange;
        const param = ['max_tokens', 'temperature'].find((name) => name in body);
        if (param !== undefined)
          return refuse(exchange, 400, {
            error: {
              message: `Unsupported parameter: '${param}' is not supported with this model. Use 'max_completion_tokens' instead.`,
              type: 'invalid_request_error',
              param,
              code: 'unsupported_parameter',
            },
          });
        const usage = {
          ...USAGE,
          prompt_tokens_details: { cached_tokens: 100, audio_tokens: 0 },
          completion_tokens_details: { reasoning_tokens: 64 },
        };
        stream(exchange, { model: 'gpt-5.4-mini-2026-08-01', fingerprint: 'fp_1', usage });
      },
      {
        model: 'gpt-5.4-mini-2026-08-01',
        fingerprint: 'fp_1',
        cachedTokens: 100,
        cost: (221 * 2 + 100 * 0.2 + 123 * 8) / 1e6,
      },
    ],
    [
      'of vLLM, which thinks in a field of its own',
      (exchange) => {
        const { body, response } = exchange;
        if ('stream_options' in body && body['stream'] !== true)
          return refuse(exchange, 400, { object: 'error', message: 'no', code: 400 });
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(
          `data: ${JSON.stringify({ model: 'Qwen/Qwen3-8B', choices: [{ delta: { reasoning_content: '{"ad_copy": ["no"]}' } }] })}\n\n`,
        );
        stream({ ...exchange, response: continued(response) }, { model: 'Qwen/Qwen3-8B', usage: USAGE });
      },
      { model: 'Qwen/Qwen3-8B', cost: (321 * 2 + 123 * 8) / 1e6 },
    ],
    [
      'of llama.cpp, which thinks in the text and adds its timings',
      (exchange) =>
        stream(exchange, {
          model: 'SmolLM2-135M-Instruct.Q4_1.gguf',
          fingerprint: 'b7200-abc',
          text: `<think>Perhaps {"ad_copy": ["no"]}?</think>\n\n${JSON.stringify(GOOD)}`,
          usage: USAGE,
          chunk: (delta, finish_reason) => ({
            model: 'SmolLM2-135M-Instruct.Q4_1.gguf',
            system_fingerprint: 'b7200-abc',
            choices: [{ delta, finish_reason }],
            timings: { prompt_n: 1 },
          }),
        }),
      { fingerprint: 'b7200-abc' },
    ],
    [
      'of Ollama, whose thoughts end without having begun',
      (exchange) =>
        stream(exchange, {
          model: 'qwen3:4b',
          fingerprint: 'fp_ollama',
          text: `The user wants copy.\n</think>\n${JSON.stringify(GOOD)}`,
          usage: USAGE,
        }),
      { model: 'qwen3:4b', fingerprint: 'fp_ollama' },
    ],
    [
      'of LM Studio, which takes a schema or nothing',
      (exchange) => {
        const format = exchange.body['response_format'] as { type?: string } | undefined;
        if (format !== undefined && format.type !== 'json_schema')
          return refuse(exchange, 400, { error: "'response_format.type' must be 'json_schema' or 'text'" });
        stream(exchange, { model: 'qwen2.5-7b-instruct', usage: USAGE });
      },
      { parameters: { response_format: 'json_schema' } },
    ],
    [
      'of Mistral, whose seed has another name, whose text comes in parts and whose usage with the last of them',
      (exchange) => {
        const { body, response } = exchange;
        const extra = ['seed', 'stream_options'].find((name) => name in body);
        if (extra !== undefined)
          return refuse(exchange, 422, {
            object: 'error',
            message: {
              detail: [
                {
                  type: 'extra_forbidden',
                  loc: ['body', extra],
                  msg: 'Extra inputs are not permitted; did you mean random_seed?',
                },
              ],
            },
          });
        const parts = [
          { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
          { type: 'text', text: JSON.stringify(GOOD) },
        ];
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(
          `data: ${JSON.stringify({ model: 'magistral-small-latest', choices: [{ delta: { content: parts }, finish_reason: null }] })}\n\n`,
        );
        response.write(
          `data: ${JSON.stringify({ model: 'magistral-small-latest', usage: USAGE, choices: [{ delta: { content: '' }, finish_reason: 'stop' }] })}\n\n`,
        );
        response.end('data: [DONE]\n\n');
      },
      { model: 'magistral-small-latest', parameters: { random_seed: 7 } },
    ],
    [
      'of an endpoint that knows objects and no schemas',
      (exchange) => {
        const format = exchange.body['response_format'] as { type?: string } | undefined;
        if (format?.type === 'json_schema')
          return refuse(exchange, 400, {
            error: {
              message:
                "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
              param: 'response_format',
            },
          });
        stream(exchange, { usage: USAGE });
      },
      { parameters: { response_format: 'json_object' } },
    ],
  ])('speaks to the API %s', async (_, provider, expected) => {
    const { baseUrl, bodies } = await start(provider);
    const price = { prompt: 2, cachedPrompt: 0.2, completion: 8, currency: 'USD' };
    const writer = createOpenAiWriter({ baseUrl, model: 'm', timeoutMs: 10_000, retries: 0, price });
    const copywriter = createCopywriter({ channels: loadChannels(), writer });
    const first = await copywriter.propose({ ...lamp, count: 3, seed: 7 });
    expect([first.fallback, writersOf(first)]).toEqual([null, ['openai']]);
    expect(first.authors).toMatchObject([
      {
        writer: 'openai',
        seed: 7,
        promptTokens: 321,
        completionTokens: 123,
        isCounted: true,
        currency: 'USD',
        prompt: expect.stringMatching(/^copy-3 \(sha256 [0-9a-f]{12}\)$/),
        ...expected,
      },
    ]);
    // What was refused once is not sent again.
    const before = bodies.length;
    expect((await copywriter.propose({ ...lamp, count: 3, seed: 7 })).fallback).toBeNull();
    expect(bodies).toHaveLength(before + 1);
  });

  it('of Azure takes the key and the version as Azure has them, and names its filter as the reason', async () => {
    const { baseUrl, requests } = await start((exchange) => {
      if (exchange.turn > 1)
        return refuse(exchange, 400, {
          error: {
            code: 'content_filter',
            message: 'The response was filtered',
            param: 'prompt',
            status: 400,
          },
        });
      exchange.response.writeHead(200, { 'content-type': 'text/event-stream' });
      exchange.response.write(
        `data: ${JSON.stringify({ choices: [], prompt_filter_results: [{ prompt_index: 0 }] })}\n\n`,
      );
      stream({ ...exchange, response: continued(exchange.response) }, { usage: USAGE });
    });
    const azure = baseUrl.replace('/v1', '/openai/deployments/mini?api-version=2026-10-01');
    expect((await propose(azure, { apiKey: 'k-1' })).fallback).toBeNull();
    expect(requests[0]?.url).toBe('/openai/deployments/mini/chat/completions?api-version=2026-10-01');
    expect([requests[0]?.headers['api-key'], requests[0]?.headers.authorization]).toEqual(['k-1', undefined]);
    const filtered = await propose(azure, { apiKey: 'k-1' });
    expect([filtered.fallback, writersOf(filtered)]).toEqual([
      expect.stringContaining('The response was filtered'),
      ['templates'],
    ]);
  });

  it.each<[string, Provider, RegExp, number]>([
    [
      'breaks off inside the answer',
      (exchange) => {
        exchange.response.writeHead(200, { 'content-type': 'text/event-stream' });
        exchange.response.write(
          `data: ${JSON.stringify({ choices: [{ delta: { content: '{"ad_copy": ["A compact' } }] })}\n\n`,
        );
        if (exchange.turn % 2 === 0) exchange.request.socket.destroy();
        else exchange.response.end();
      },
      /broke off inside the answer/,
      3,
    ],
    [
      'stops in the middle of a character',
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const said = Buffer.from(
          `data: ${JSON.stringify({ choices: [{ delta: { content: '{"ad_copy": ["A calm café' } }] })}`,
        );
        response.end(said.subarray(0, said.indexOf(0xc3) + 1));
      },
      /ended before any text/,
      3,
    ],
    [
      'answers 200 with a page',
      ({ response }) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>'),
      /answered with a page instead of JSON: <!doctype html>.*check copy\.openai\.baseUrl/,
      1,
    ],
    [
      'reports a fault in the stream',
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`event: error\ndata: ${JSON.stringify({ error: { message: 'model crashed' } })}\n\n`);
      },
      /the endpoint broke off: model crashed/,
      3,
    ],
    [
      'refuses in words',
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(
          `data: ${JSON.stringify({ choices: [{ delta: { refusal: "I can't help with that." } }] })}\n\n`,
        );
        response.end('data: [DONE]\n\n');
      },
      /the model refused: I can't help/,
      1,
    ],
    [
      'filters its answer',
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify({ choices: [{ message: { content: '' }, finish_reason: 'content_filter' }] }),
        );
      },
      /content filter stopped the answer/,
      1,
    ],
    [
      'runs out of tokens while it thinks',
      (exchange) =>
        stream(exchange, {
          text: '<think>First I look at the lamp, then',
          chunk: (delta, finish) => ({
            choices: [{ delta, finish_reason: finish === null ? null : 'length' }],
          }),
        }),
      /cut off at the most tokens that it may take/,
      1,
    ],
    [
      'tells its fault with 200',
      (exchange) => refuse(exchange, 200, { error: { message: 'upstream is gone', code: 502 } }),
      /the endpoint failed: upstream is gone/,
      3,
    ],
    [
      'says nothing at all',
      (exchange) =>
        refuse(exchange, 200, { choices: [{ message: { content: null }, finish_reason: 'stop' }] }),
      /the answer is no JSON object/,
      1,
    ],
    [
      'does not have the model',
      (exchange) =>
        refuse(exchange, 404, {
          error: { message: 'model "m" not found, try pulling it first', type: 'api_error' },
        }),
      /try pulling it first.*; check copy.openai.baseUrl and model/,
      1,
    ],
    [
      'is loading its model for too long',
      (exchange) =>
        refuse(exchange, 503, { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } }),
      /answered 503: .*Loading model/,
      3,
    ],
  ])(
    'leaves the work to templates, with the reason, where the endpoint %s',
    async (_, provider, reason, requests) => {
      const { baseUrl, bodies } = await start(provider);
      const draft = await propose(baseUrl);
      expect(draft.fallback).toMatch(reason);
      expect(writersOf(draft)).toEqual(['templates']);
      expect(bodies).toHaveLength(requests);
    },
  );

  it.each([301, 302, 307, 308])(
    'takes no key to another host that a redirect with %i names',
    async (status) => {
      const other = await start((exchange) => stream(exchange));
      const { baseUrl, requests } = await start(({ response }) =>
        response.writeHead(status, { location: `${other.baseUrl}/chat/completions` }).end(),
      );
      const draft = await propose(baseUrl, { apiKey: 'sk-secret' });
      expect(draft.fallback).toMatch(/openai failed: .*redirect/);
      expect(requests[0]?.headers.authorization).toBe('Bearer sk-secret');
      expect(other.requests).toEqual([]);
    },
  );

  it('waits until the date that a refusal names', async () => {
    const until = new Date(Date.now() + 2000).toUTCString();
    const times: number[] = [];
    const { baseUrl } = await start((exchange) => {
      times.push(Date.now());
      if (exchange.turn === 1) refuse(exchange, 429, { error: 'too many' }, { 'retry-after': until });
      else stream(exchange, { usage: USAGE });
    });
    const draft = await propose(baseUrl);
    expect(writersOf(draft)).toEqual(['openai']);
    expect(times[1]).toBeGreaterThanOrEqual(Date.parse(until));
  });

  it('counts a request whose tokens nobody told apart, at no cost', async () => {
    const { baseUrl } = await start((exchange) => stream(exchange));
    const draft = await propose(baseUrl, { price: { prompt: 1, completion: 2, currency: 'USD' } });
    expect(writersOf(draft)).toEqual(['openai']);
    expect(draft.authors).toMatchObject([
      { isCounted: false, promptTokens: 0, completionTokens: 0, cost: null },
    ]);
  });

  it.each<[string, Provider]>([
    [
      'a stream whose kind a proxy lost, with comments and CRLF',
      ({ response }) => {
        const data = JSON.stringify({ choices: [{ delta: { content: JSON.stringify(GOOD) } }] });
        response
          .writeHead(200, { 'content-type': 'application/octet-stream' })
          .end(`: hello\r\n\r\nevent: message\r\ndata: ${data}\r\n\r\ndata: [DONE]\r\n\r\n`);
      },
    ],
    [
      'a compressed answer',
      ({ response }) => {
        const body = JSON.stringify({ choices: [{ message: { content: JSON.stringify(GOOD) } }] });
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
          .end(gzipSync(body));
      },
    ],
    [
      'the arguments of a tool, in pieces',
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const said = JSON.stringify(GOOD);
        for (const part of [said.slice(0, 9), said.slice(9)]) {
          const delta = { content: null, tool_calls: [{ index: 0, function: { arguments: part } }] };
          response.write(`data: ${JSON.stringify({ choices: [{ delta, finish_reason: null }] })}\n\n`);
        }
        response.end('data: [DONE]\n\n');
      },
    ],
    [
      'the arguments of a tool, at once',
      (exchange) =>
        refuse(exchange, 200, {
          choices: [
            {
              message: {
                content: null,
                tool_calls: [
                  { id: 'c', type: 'function', function: { name: 'copy', arguments: JSON.stringify(GOOD) } },
                ],
              },
              finish_reason: 'tool_calls',
            },
          ],
        }),
    ],
    [
      'a stream that ends inside its last event, the answer being whole',
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(
          `data: ${JSON.stringify({ choices: [{ delta: { content: JSON.stringify(GOOD) } }] })}\n\n`,
        );
        response.end('data: {"choices":[{"delta":{"content":"caf');
      },
    ],
    [
      'an answer that was cut off after it was whole',
      (exchange) =>
        refuse(exchange, 200, {
          choices: [{ message: { content: `${JSON.stringify(GOOD)}\nNow, as` }, finish_reason: 'length' }],
        }),
    ],
  ])('reads %s', async (_, provider) => {
    const { baseUrl, bodies } = await start(provider);
    const draft = await propose(baseUrl);
    expect([draft.fallback, writersOf(draft)]).toEqual([null, ['openai']]);
    expect(bodies).toHaveLength(1);
  });

  it('asks again only for what failed, with the reasons, and counts both requests', async () => {
    const { baseUrl, bodies } = await start((exchange) => {
      const { fields } = JSON.parse(exchange.body.messages[1]?.content ?? '') as { fields: object };
      const bad = { ...GOOD, ad_copy: [GOOD.ad_copy[0], 'Now 50% off!', 'Unbeatable.'] };
      const better = { ad_copy: GOOD.ad_copy.slice(1) };
      expect(Object.keys(fields)).toEqual(exchange.turn === 1 ? Object.keys(GOOD) : ['ad_copy']);
      stream(exchange, { text: JSON.stringify(exchange.turn === 1 ? bad : better), usage: USAGE });
    });
    const price = { prompt: 1, completion: 2, currency: 'EUR' };
    const draft = await propose(baseUrl, { price });
    expect([draft.fallback, writersOf(draft)]).toEqual([null, ['openai']]);
    const repair = JSON.parse(bodies[1]?.messages[1]?.content ?? '') as {
      fields: { ad_copy: { refused: object[]; texts: number } };
    };
    expect(repair.fields.ad_copy).toMatchObject({
      texts: 2,
      refused: [
        { text: 'Now 50% off!', reason: expect.stringContaining('50') },
        { text: 'Unbeatable.', reason: expect.stringMatching(/claim|superlative|nothing of the product/i) },
      ],
    });
    expect(draft.authors.map(({ cost }) => cost)).toEqual([(321 + 2 * 123) / 1e6, (321 + 2 * 123) / 1e6]);
    expect(draft.refusals).toMatchObject([{ field: 'ad_copy', writer: 'openai' }, { text: 'Unbeatable.' }]);
  });

  it('asks again for an answer that cannot be read, where the endpoint holds no model to a shape', async () => {
    const { baseUrl, bodies } = await start((exchange) => {
      if ('response_format' in exchange.body)
        return refuse(exchange, 400, { error: { message: 'unknown field "response_format", use \'text\'' } });
      stream(exchange, {
        text: exchange.turn === 2 ? 'Here you are: soft light!' : JSON.stringify(GOOD),
        usage: USAGE,
      });
    });
    const draft = await propose(baseUrl);
    expect([draft.fallback, bodies.length, draft.authors.length]).toEqual([null, 3, 2]);
    expect(bodies[2]?.messages[0]?.content).toContain('"refused" lists texts');
  });

  it('stops the stream when the client goes', async () => {
    const controller = new AbortController();
    let closed: () => void = () => undefined;
    const hungUp = new Promise<void>((resolve) => (closed = resolve));
    const { baseUrl } = await start(({ response }) => {
      response.on('close', closed);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: '{' } }] })}\n\n`);
      controller.abort();
    });
    await expect(propose(baseUrl, {}, controller.signal)).rejects.toThrow(/abort/iu);
    await hungUp;
  });

  it('sends no more requests at a time than it may, and holds all back while the provider is at its limit', async () => {
    let running = 0;
    let most = 0;
    let limited = 0;
    const { baseUrl, bodies } = await start((exchange) => {
      if (exchange.turn === 1) {
        limited += 1;
        return refuse(
          exchange,
          429,
          { error: { message: 'Rate limit reached', code: 'rate_limit_exceeded' } },
          { 'retry-after': '1' },
        );
      }
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => {
        running -= 1;
        stream(exchange, { usage: USAGE });
      }, 20);
    });
    const writer = createOpenAiWriter({
      baseUrl,
      model: 'm',
      timeoutMs: 30_000,
      retries: 2,
      backoffMs: 1,
      maxParallel: 2,
    });
    const copywriter = createCopywriter({ channels: loadChannels(), writer });
    const drafts = await Promise.all(
      Array.from({ length: 8 }, () => copywriter.propose({ ...lamp, count: 3 })),
    );
    expect(drafts.map(({ fallback }) => fallback)).toEqual(Array.from({ length: 8 }, () => null));
    expect([most, limited, bodies.length]).toEqual([2, 1, 9]);
  });

  it('reads the limits that providers tell', () => {
    expect(['1s', '6m0s', '20ms', '2.5', 'soon', null].map(parseDurationMs)).toEqual([
      1000, 360_000, 20, 2500, 0, 0,
    ]);
  });

  it('gives up its place in line with the caller', async () => {
    const lane = createLane(1, systemClock);
    const leave = await lane.enter(AbortSignal.timeout(10_000));
    const controller = new AbortController();
    const waiting = lane.enter(controller.signal);
    controller.abort();
    await expect(waiting).rejects.toThrow(/abort/iu);
    leave();
    (await lane.enter(AbortSignal.timeout(10_000)))();
  });
});

/** A response whose head has been sent. */
function continued(response: ServerResponse): ServerResponse {
  return new Proxy(response, {
    get: (of, name) => {
      if (name === 'writeHead') return () => of;
      const value: unknown = Reflect.get(of, name, of);
      return typeof value === 'function' ? value.bind(of) : value;
    },
  });
}
