/**
 * One chat completion over an OpenAI-compatible endpoint: streamed, bounded in time and size, retried where a
 * retry can help.
 */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { AppError, toError, type ErrorCode } from '../../../core/errors.ts';
import { FailedTry, parseRetryAfterMs, retry } from '../../../core/http-caller.ts';
import { stripEnd } from '../../../core/strip-end.ts';
import type { Random } from '../../../core/random.ts';
import { traceHeaders } from '../../../core/trace.ts';
import type { Lane } from './lane.ts';
import type { Parameters, RefusedParameters } from './parameters.ts';
import { readEventData } from './sse.ts';

export interface ChatOptions {
  /**
   * Up to and without `/chat/completions`: `https://api.openai.com/v1`. A query stays behind it, as Azure has
   * `?api-version=...`.
   */
  baseUrl: string;
  apiKey?: string;
  model: string;
  /** Attempts after the first, on 429, 5xx and broken connections. */
  retries: number;
  /** First delay between attempts; doubles, with jitter. Retry-After of the server wins when it is longer. */
  backoffMs: number;
  maxAnswerTokens: number;
  seed: number;
  /** JSON Schema of the answer. */
  schema: object;
  refused: RefusedParameters;
  lane: Lane;
  /** Called for each request that the model took, also for one that broke off. */
  onTaken(taken: TakenRequest): void;
  /** Whether an answer that nobody declared to be over is. */
  isWhole(text: string): boolean;
}

export interface ChatAnswer {
  text: string;
  /** As the server counted, or undefined when it does not say. */
  usage: Usage | undefined;
  /** The model that answered, as the server names it. */
  model: string | undefined;
  fingerprint: string | undefined;
}

export interface Usage {
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

export interface TakenRequest {
  parameters: Parameters;
  /** undefined for one that broke off before its answer began. */
  answer: Partial<ChatAnswer>;
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_ERROR_CHARS = 200;
const MAX_REFUSAL_CHARS = 16_384;

const tokens = z.number().int().min(0);
const usageSchema = z
  .object({
    total_tokens: tokens.nullish(),
    prompt_tokens: tokens.nullish(),
    completion_tokens: tokens.nullish(),
    prompt_tokens_details: z.object({ cached_tokens: tokens.nullish() }).nullish().catch(null),
  })
  .transform((usage): Usage | undefined => {
    const completionTokens = usage.completion_tokens ?? 0;
    const promptTokens = usage.prompt_tokens ?? Math.max(0, (usage.total_tokens ?? 0) - completionTokens);
    const cachedTokens = Math.min(promptTokens, usage.prompt_tokens_details?.cached_tokens ?? 0);
    return promptTokens + completionTokens === 0
      ? undefined
      : { promptTokens, cachedTokens, completionTokens };
  })
  .nullish()
  .catch(undefined);
/** A text, or the parts of one, of which thoughts are left out. */
const partsSchema = z
  .array(z.looseObject({ type: z.string(), text: z.string().nullish() }))
  .transform((parts) => parts.map(({ type, text }) => (type === 'text' ? (text ?? '') : '')).join(''));
const messageSchema = z
  .object({
    content: z.union([z.string(), partsSchema]).nullish(),
    refusal: z.string().nullish().catch(null),
    // Some hold a model to a shape by having it call a tool.
    tool_calls: z
      .array(z.object({ function: z.object({ arguments: z.string().nullish() }) }))
      .transform((calls) => calls.map((call) => call.function.arguments ?? '').join(''))
      .nullish()
      .catch(null),
  })
  .nullish();
const finish_reason = z.string().nullish().catch(null);
const origin = {
  model: z.string().nullish().catch(null),
  system_fingerprint: z.string().nullish().catch(null),
};
const errorSchema = z.union([
  z.string().transform((message) => ({ message })),
  z.object({ message: z.string() }),
]);
const chunkSchema = z.object({
  choices: z.array(z.object({ delta: messageSchema, finish_reason })).nullish(),
  ...origin,
  usage: usageSchema,
  error: errorSchema.nullish(),
});
const failedSchema = z.object({ error: errorSchema });
const wholeSchema = z.object({
  choices: z.array(z.object({ message: messageSchema, finish_reason })).min(1),
  ...origin,
  usage: usageSchema,
});

/**
 * @throws AppError `unavailable`, `too-busy`, `unauthenticated` or `invalid-config`; the signal's reason when
 *   it is aborted.
 */
export async function requestChat(
  messages: readonly { role: 'system' | 'user'; content: string }[],
  options: ChatOptions,
  random: Random,
  signal: AbortSignal,
): Promise<ChatAnswer> {
  return await retry(
    async () =>
      await attemptChat(messages, options, signal).catch((thrown: unknown) => {
        throw thrown instanceof FailedTry ? thrown : failing('unavailable', describeError(thrown), thrown);
      }),
    {
      retries: options.retries,
      firstDelayMs: options.backoffMs,
      // The signal bounds the whole.
      maxDelayMs: Infinity,
      random: () => random.next(),
      signal,
    },
  );
}

/** A try that another may better. */
function failing(code: ErrorCode, message: string, cause?: unknown, retryAfterMs = 0): FailedTry {
  return new FailedTry(() => new AppError(code, message, { cause }), true, { retryAfterMs });
}

function refusing(code: ErrorCode, message: string): FailedTry {
  return new FailedTry(() => new AppError(code, message), false);
}

async function attemptChat(
  messages: readonly { role: string; content: string }[],
  options: ChatOptions,
  signal: AbortSignal,
): Promise<ChatAnswer> {
  const leave = await options.lane.enter(signal);
  try {
    // What is refused is sent again without it, on the same place.
    for (;;) {
      const answer = await sendChat(messages, options, signal);
      if (answer !== undefined) return answer;
    }
  } finally {
    leave();
  }
}

/** undefined where a parameter was refused, which is known from now on. */
async function sendChat(
  messages: readonly { role: string; content: string }[],
  options: ChatOptions,
  signal: AbortSignal,
): Promise<ChatAnswer | undefined> {
  const { maxAnswerTokens, seed, schema, refused, lane } = options;
  const parameters = refused.leaveOut({
    max_tokens: maxAnswerTokens,
    temperature: 0.9,
    seed,
    response_format: { type: 'json_schema', json_schema: { name: 'copy', strict: true, schema } },
    stream: true,
    stream_options: { include_usage: true },
  });
  const response = await fetch(endpointOf(options.baseUrl), {
    method: 'POST',
    // A redirect could carry the key to another host.
    redirect: 'error',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream, application/json',
      ...traceHeaders(),
      ...headersOf(options),
    },
    body: JSON.stringify({ model: options.model, messages, ...parameters }),
    signal,
  });
  lane.heed(response, parseRetryAfterMs(response.headers.get('retry-after')));
  if (!response.ok) {
    const body = await readText(response);
    if (refused.learn(parameters, response.status, body)) return undefined;
    throw describeFailure(response, body);
  }
  const answer: Partial<ChatAnswer> = {};
  try {
    if (response.body === null) throw failing('unavailable', 'the endpoint answered without a body');
    const isStream = response.headers.get('content-type')?.includes('text/event-stream') === true;
    await (isStream ? readStream(response.body, answer, options) : readWhole(response.body, answer, options));
  } finally {
    options.onTaken({ parameters, answer });
  }
  return { text: '', usage: undefined, model: undefined, fingerprint: undefined, ...answer };
}

function endpointOf(baseUrl: string): string {
  const [path = '', query] = baseUrl.split('?');
  return `${stripEnd(path, /\//)}/chat/completions${query === undefined ? '' : `?${query}`}`;
}

/** Azure takes its keys in a header of its own. */
function headersOf({ baseUrl, apiKey }: ChatOptions): Record<string, string> {
  if (apiKey === undefined) return {};
  const { hostname, searchParams } = new URL(baseUrl);
  const isAzure = hostname.endsWith('.azure.com') || searchParams.has('api-version');
  return isAzure ? { 'api-key': apiKey } : { authorization: `Bearer ${apiKey}` };
}

/** What a refusal says; no more of it than an explanation needs. */
async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_REFUSAL_CHARS) break;
    }
  } catch {
    // What arrived must do.
  }
  return text.slice(0, MAX_REFUSAL_CHARS);
}

function describeFailure(response: Response, body: string): FailedTry {
  const { status } = response;
  const message = `the endpoint answered ${status}: ${body.slice(0, MAX_ERROR_CHARS)}`;
  const retryAfterMs = parseRetryAfterMs(response.headers.get('retry-after'));
  if (status === 429) return failing('too-busy', message, undefined, retryAfterMs);
  if (status >= 500 || status === 408) return failing('unavailable', message, undefined, retryAfterMs);
  if (status === 401 || status === 403)
    return refusing('unauthenticated', `${message}; check copy.openai.apiKey`);
  return refusing('invalid-config', `${message}; check copy.openai.baseUrl and model`);
}

/** Into `answer`, so that what arrived before a fault is known. */
async function readStream(
  body: AsyncIterable<Uint8Array>,
  answer: Partial<ChatAnswer>,
  { isWhole }: Pick<ChatOptions, 'isWhole'>,
): Promise<void> {
  let text = '';
  let called = '';
  let finishReason: string | null | undefined;
  let isOver = false;
  let refusal = '';
  for await (const data of readEventData(body, MAX_ANSWER_BYTES)) {
    if (data === '[DONE]') {
      isOver = true;
      break;
    }
    const event = readJson(data);
    // Cut off inside an event: what came before it may be a whole answer.
    if (event === undefined) break;
    const chunk = chunkSchema.parse(event);
    noteOrigin(answer, chunk);
    if (chunk.error)
      throw failing(
        'unavailable',
        `the endpoint broke off: ${chunk.error.message.slice(0, MAX_ERROR_CHARS)}`,
      );
    const choice = chunk.choices?.[0];
    text += choice?.delta?.content ?? '';
    refusal += choice?.delta?.refusal ?? '';
    called += choice?.delta?.tool_calls ?? '';
    answer.text = text === '' ? called : text;
    finishReason = choice?.finish_reason ?? finishReason;
    if (typeof choice?.finish_reason === 'string') isOver = true;
    requireWilling(choice?.finish_reason);
  }
  if (text === '') text = called;
  if (text === '' && refusal !== '') throw refusing('unavailable', describeRefusal(refusal));
  if (!isOver && text === '') throw failing('unavailable', 'the stream ended before any text');
  if (!isOver && !isWhole(text)) throw failing('unavailable', 'the stream broke off inside the answer');
  requireRoom(finishReason, text, isWhole);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

async function readWhole(
  body: ReadableStream<Uint8Array>,
  answer: Partial<ChatAnswer>,
  options: Pick<ChatOptions, 'isWhole'>,
): Promise<void> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES)
      throw refusing('unavailable', `the answer is over ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  const said = Buffer.concat(chunks);
  // A proxy on the way may have lost what kind of answer it is.
  if (/^\s*(?:data|event|id|retry)?:/u.test(said.toString('latin1', 0, 64))) {
    await readStream(Readable.from([said]), answer, options);
    return;
  }
  const written = said.toString('utf8');
  // A portal or a wrong address answers so, now and the next time.
  if (/^\s*<(?:!doctype|html|\?xml)/iu.test(written))
    throw refusing(
      'invalid-config',
      `the endpoint answered with a page instead of JSON: ${written.trim().slice(0, MAX_ERROR_CHARS)}; check copy.openai.baseUrl`,
    );
  const document: unknown = JSON.parse(written);
  const failed = failedSchema.safeParse(document);
  if (failed.success)
    throw failing(
      'unavailable',
      `the endpoint failed: ${failed.data.error.message.slice(0, MAX_ERROR_CHARS)}`,
    );
  const whole = wholeSchema.parse(document);
  noteOrigin(answer, whole);
  const [choice] = whole.choices;
  const content = choice?.message?.content ?? '';
  answer.text = content === '' ? (choice?.message?.tool_calls ?? '') : content;
  requireWilling(choice?.finish_reason);
  if (answer.text === '' && typeof choice?.message?.refusal === 'string')
    throw refusing('unavailable', describeRefusal(choice.message.refusal));
  requireRoom(choice?.finish_reason, answer.text, options.isWhole);
}

function noteOrigin(
  answer: Partial<ChatAnswer>,
  said: Pick<z.infer<typeof chunkSchema>, 'model' | 'system_fingerprint' | 'usage'>,
): void {
  if (typeof said.model === 'string' && said.model !== '') answer.model = said.model;
  if (typeof said.system_fingerprint === 'string') answer.fingerprint = said.system_fingerprint;
  // Some tell a sum with every chunk, most with the last one.
  answer.usage = said.usage ?? answer.usage;
}

function requireWilling(finishReason: string | null | undefined): void {
  if (finishReason === 'content_filter')
    throw refusing('unavailable', "the provider's content filter stopped the answer");
}

/** A model that thinks for long may have no tokens left to answer with. */
function requireRoom(
  finishReason: string | null | undefined,
  text: string,
  isWhole: ChatOptions['isWhole'],
): void {
  if (finishReason === 'length' && !isWhole(text))
    throw refusing('unavailable', 'the answer was cut off at the most tokens that it may take');
}

function describeRefusal(said: string): string {
  return `the model refused: ${said.slice(0, MAX_ERROR_CHARS)}`;
}

/** fetch hides what happened (ECONNREFUSED) in the cause. */
function describeError(thrown: unknown): string {
  const error = toError(thrown);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
