import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createCopywriter, createOpenAiWriter, loadChannels, type Copy } from '../../../src/copy/index.ts';
import type { OpenAiWriterOptions } from '../../../src/copy/writers/index.ts';
import { writeCopy } from '../../../fixtures/write-copy.ts';

const lamp = { title: 'Nordic Desk Lamp', description: 'A compact light with a soft glow.' };
const CAPTIONS = ['Soft glow, small desk.', 'Your desk, kindly lit.', 'A compact light for late pages.'];
const ADS = ['Light up small desks softly.', 'Compact glow for your desk.', 'Meet a soft, compact light.'];

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/**
 * A real HTTP server on a free port of the loopback; `handlers` answer the requests in turn, the last one all
 * further ones.
 */
async function startEndpoint(
  ...handlers: Handler[]
): Promise<{ baseUrl: string; bodies: unknown[]; keys: (string | undefined)[] }> {
  const bodies: unknown[] = [];
  const keys: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      bodies.push(JSON.parse(body));
      keys.push(request.headers.authorization);
      handlers[Math.min(bodies.length, handlers.length) - 1]?.(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`, bodies, keys };
}

const answer = { social_media_caption: CAPTIONS, ad_copy: ADS };

function streamText(text: string, tokens = 50): Handler {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let at = 0; at < text.length; at += 7) {
      response.write(
        `: keep-alive\r\ndata: ${JSON.stringify({ choices: [{ delta: { content: text.slice(at, at + 7) } }] })}\r\n\r\n`,
      );
    }
    response.write(`data: ${JSON.stringify({ choices: [], usage: { total_tokens: tokens } })}\n\n`);
    response.end('data: [DONE]\n\n');
  };
}

const cut: Handler = (request) => request.socket.destroy();

const fail =
  (status: number, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    response.writeHead(status, headers).end('{"error":{"message":"sorry"}}');

function write(
  options: Partial<OpenAiWriterOptions> & { baseUrl: string },
  signal?: AbortSignal,
): Promise<Copy> {
  const writer = createOpenAiWriter({ model: 'm', timeoutMs: 10_000, retries: 2, backoffMs: 1, ...options });
  const copywriter = createCopywriter({ channels: loadChannels(), writer });
  return writeCopy(copywriter, { ...lamp, count: 3, signal }, (texts) =>
    Promise.resolve(texts.map((_, index) => index)),
  );
}

const textsOf = (copy: Copy, field: string): string[] =>
  (copy.alternatives[field] ?? []).map(({ text }) => text).toSorted();

describe('createOpenAiWriter', () => {
  it('asks once for all fields, reads the stream, and sends the key', async () => {
    const endpoint = await startEndpoint(streamText(`Sure!\n\`\`\`json\n${JSON.stringify(answer)}\n\`\`\``));
    const copy = await write({ baseUrl: endpoint.baseUrl, apiKey: 'k-123' });
    expect(copy.writer).toBe('openai');
    expect(copy.fallback).toBeNull();
    expect(textsOf(copy, 'social_media_caption')).toEqual(CAPTIONS.toSorted());
    expect(textsOf(copy, 'ad_copy')).toEqual(ADS.toSorted());
    expect(endpoint.keys).toEqual(['Bearer k-123']);
    expect(endpoint.bodies).toMatchObject([{ model: 'm', stream: true }]);
  });

  it('reads an endpoint that answers at once instead of streaming', async () => {
    const whole = JSON.stringify({ choices: [{ message: { content: JSON.stringify(answer) } }] });
    const endpoint = await startEndpoint((_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(whole),
    );
    expect((await write(endpoint)).fallback).toBeNull();
  });

  /** An endpoint that answers only requests without the `refused` parameters, in the words of `refuse`. */
  const without =
    (refused: readonly string[], refuse: (name: string) => [number, unknown]): Handler =>
    (request, response, body) => {
      const sent = JSON.parse(body) as Record<string, unknown>;
      const name = refused.find((each) => each in sent);
      if (name === undefined) return streamText(JSON.stringify(answer))(request, response, body);
      const [status, error] = refuse(name);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(error));
    };

  it.each<[string, string[], (name: string) => [number, unknown], string[]]>([
    [
      'a model that thinks, of OpenAI',
      ['max_tokens', 'temperature'],
      (param) => [
        400,
        {
          error: {
            message: `Unsupported parameter: '${param}' is not supported with this model. Use 'max_completion_tokens' instead.`,
            type: 'invalid_request_error',
            param,
            code: 'unsupported_parameter',
          },
        },
      ],
      ['max_completion_tokens', 'response_format', 'seed', 'stream', 'stream_options'],
    ],
    [
      'a server that takes no extra fields',
      ['stream_options', 'seed'],
      (name) => [
        422,
        { detail: [{ type: 'extra_forbidden', loc: ['body', name], msg: 'Extra inputs are not permitted' }] },
      ],
      ['max_tokens', 'response_format', 'stream', 'temperature'],
    ],
    [
      'a server that names what it does not know',
      ['response_format'],
      (name) => [400, { error: `'${name}.type' must be 'json_schema' or 'text'` }],
      ['max_tokens', 'seed', 'stream', 'stream_options', 'temperature'],
    ],
    [
      'a server that limits no answer',
      ['max_tokens', 'max_completion_tokens'],
      (name) => [400, { message: `unknown field "${name}"` }],
      ['response_format', 'seed', 'stream', 'stream_options', 'temperature'],
    ],
  ])('leaves out what %s refuses, from then on', async (_, refused, refuse, left) => {
    const endpoint = await startEndpoint(without(refused, refuse));
    const options = { baseUrl: endpoint.baseUrl, model: 'm', timeoutMs: 10_000, retries: 0, backoffMs: 1 };
    const copywriter = createCopywriter({ channels: loadChannels(), writer: createOpenAiWriter(options) });
    const ask = async () => (await copywriter.propose({ ...lamp, count: 3 })).fallback;
    expect(await ask()).toBeNull();
    expect(endpoint.bodies).toHaveLength(1 + refused.length);
    expect(await ask()).toBeNull();
    expect(endpoint.bodies).toHaveLength(2 + refused.length);
    const names = Object.keys(endpoint.bodies.at(-1) as object).filter(
      (name) => name !== 'model' && name !== 'messages',
    );
    expect(names.toSorted((a, b) => a.localeCompare(b))).toEqual(left);
  });

  it('takes an answer in parts, without the thoughts among them, and fields that are null or unknown', async () => {
    const parts = [
      { type: 'thinking', thinking: [{ type: 'text', text: '{"ad_copy": "no"}' }] },
      { type: 'text', text: JSON.stringify(answer) },
    ];
    const chunks = [
      { choices: null, usage: null, error: null },
      { choices: [{ delta: { role: 'assistant', content: null, reasoning_content: 'hm' } }], usage: {} },
      { choices: [{ delta: { content: parts, refusal: null } }], timings: {} },
    ];
    const endpoint = await startEndpoint((_, response) =>
      response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')),
    );
    const copy = await write(endpoint);
    expect(copy.fallback).toBeNull();
    expect(textsOf(copy, 'ad_copy')).toEqual(ADS.toSorted());
  });

  it('tries again after 429, 503 and a broken connection', async () => {
    const endpoint = await startEndpoint(
      fail(429, { 'retry-after': '0' }),
      cut,
      fail(503),
      streamText(JSON.stringify(answer)),
    );
    const copy = await write({ baseUrl: endpoint.baseUrl, retries: 3 });
    expect(copy.fallback).toBeNull();
    expect(endpoint.bodies).toHaveLength(4);
  });

  it.each<[string, Handler, RegExp, number]>([
    ['that stays overloaded', fail(429), /openai failed: the endpoint answered 429/, 3],
    ['that refuses the key', fail(401), /answered 401: .*check copy\.openai\.apiKey/, 1],
    ['that does not know the model', fail(404), /answered 404: .*check copy\.openai\.baseUrl/, 1],
    ['that redirects', fail(302, { location: 'http://127.0.0.1:1/' }), /openai failed/, 3],
    [
      'that does not answer in JSON',
      streamText('I would rather not.'),
      /the answer is no JSON object; it begins "I would/,
      1,
    ],
    [
      'that streams an empty answer',
      (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(),
      /the stream ended before any text/,
      3,
    ],
    [
      'that streams rubbish',
      (_, response) =>
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {oops\n\n'),
      /openai failed/,
      3,
    ],
  ])('leaves the work to templates for an endpoint %s, and says so', async (_, handler, reason, requests) => {
    const endpoint = await startEndpoint(handler);
    const copy = await write(endpoint);
    expect(copy.writer).toBe('templates');
    expect(copy.fallback).toMatch(reason);
    expect(copy.social_media_caption).not.toBe('');
    expect(endpoint.bodies).toHaveLength(requests);
  });

  it('leaves the work to templates when the endpoint is slow or cannot be reached', async () => {
    const endpoint = await startEndpoint((_, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n'),
    );
    expect((await write({ baseUrl: endpoint.baseUrl, timeoutMs: 50 })).fallback).toBe(
      'openai failed: no answer within 50 ms',
    );
    expect((await write({ baseUrl: 'http://127.0.0.1:1/v1' })).fallback).toMatch(
      /openai failed: fetch failed/,
    );
  });

  it('ends with the caller: an aborted request is not answered by templates', async () => {
    const controller = new AbortController();
    const endpoint = await startEndpoint(() => controller.abort());
    await expect(write(endpoint, controller.signal)).rejects.toThrow(/abort/iu);
  });

  it('replaces what is over the limit, invented, or said twice, and tells why', async () => {
    const bad = {
      social_media_caption: ['long '.repeat(80), 'Now 50% off!', 'Clinically proven light.'],
      ad_copy: [ADS[0], ADS[0], ADS[1]],
    };
    const endpoint = await startEndpoint(streamText(JSON.stringify(bad)));
    const copy = await write(endpoint);
    expect(copy.fallback).toMatch(
      /^openai left 4 of 6 texts open \(refused because .*over the field's limit; the number 50/,
    );
    expect(copy.alternatives.social_media_caption).toHaveLength(3);
    expect(textsOf(copy, 'ad_copy')).toEqual(expect.arrayContaining([ADS[0], ADS[1]]));
    expect(JSON.stringify(copy.alternatives)).not.toMatch(/50|proven/u);
  });

  it('cuts a text that is too long after a whole sentence', async () => {
    const long = 'A soft glow for long evenings on a small desk. '.repeat(8);
    const endpoint = await startEndpoint(
      streamText(JSON.stringify({ ...answer, social_media_caption: [long, ...CAPTIONS] })),
    );
    const copy = await write(endpoint);
    expect(textsOf(copy, 'social_media_caption')[0]).toMatch(/^A (?:soft|compact)/u);
    expect(
      copy.alternatives.social_media_caption?.some(
        ({ text }) => text.startsWith('A soft glow') && text.endsWith('desk.'),
      ),
    ).toBe(true);
  });

  it('stops at its budget without asking, and opens again in the next minute', async () => {
    const endpoint = await startEndpoint(streamText(JSON.stringify(answer)));
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, now: () => new Date(nowMs) };
    const writer = createOpenAiWriter({
      baseUrl: endpoint.baseUrl,
      model: 'm',
      timeoutMs: 10_000,
      retries: 0,
      requestsPerMinute: 1,
      clock,
    });
    const copywriter = createCopywriter({ channels: loadChannels(), writer });
    const ask = (): Promise<Copy> =>
      writeCopy(copywriter, { ...lamp, count: 3 }, (texts) => Promise.resolve(texts.map(() => 0)));
    expect((await ask()).fallback).toBeNull();
    expect((await ask()).fallback).toMatch(
      /the budget of 1 requests per minute is used up .* opens again in 60 s/,
    );
    nowMs += 60_000;
    expect((await ask()).fallback).toBeNull();
    expect(endpoint.bodies).toHaveLength(2);
  });

  it('counts the tokens that the endpoint reports against the day', async () => {
    const endpoint = await startEndpoint(streamText(JSON.stringify(answer), 900_000));
    const options = {
      baseUrl: endpoint.baseUrl,
      model: 'm',
      timeoutMs: 10_000,
      retries: 0,
      tokensPerDay: 900_100,
    };
    const copywriter = createCopywriter({ channels: loadChannels(), writer: createOpenAiWriter(options) });
    const ask = (): Promise<Copy> =>
      writeCopy(copywriter, { ...lamp, count: 3 }, (texts) => Promise.resolve(texts.map(() => 0)));
    expect((await ask()).fallback).toBeNull();
    expect((await ask()).fallback).toMatch(/the budget of 900100 tokens per day is used up \(900000 spent/);
  });
});
