/**
 * One chat completion over an OpenAI-compatible endpoint: streamed, bounded in time and size, retried where a
 * retry can help.
 */
import { z } from 'zod';
import { AppError, toError, type ErrorCode } from '../../../core/errors.ts';
import { FailedTry, parseRetryAfterMs, retry } from '../../../core/http-caller.ts';
import { stripEnd } from '../../../core/strip-end.ts';
import type { Random } from '../../../core/random.ts';
import type { RefusedParameters } from './parameters.ts';
import { readEventData } from './sse.ts';

export interface ChatOptions {
  /** Up to and without `/chat/completions`: `https://api.openai.com/v1`. */
  baseUrl: string;
  apiKey?: string;
  model: string;
  /** Attempts after the first, on 429, 5xx and broken connections. */
  retries: number;
  /** First delay between attempts; doubles, with jitter. Retry-After of the server wins when it is longer. */
  backoffMs: number;
  maxAnswerTokens: number;
  seed: number;
  refused: RefusedParameters;
}

export interface ChatAnswer {
  text: string;
  /** As the server counted, or undefined when it does not say. */
  totalTokens: number | undefined;
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_ERROR_CHARS = 200;
const MAX_REFUSAL_CHARS = 16_384;

const usageSchema = z.object({ total_tokens: z.number() }).nullish().catch(undefined);
/** A text, or the parts of one, of which thoughts are left out. */
const partsSchema = z
  .array(z.looseObject({ type: z.string(), text: z.string().nullish() }))
  .transform((parts) => parts.map(({ type, text }) => (type === 'text' ? (text ?? '') : '')).join(''));
const messageSchema = z.object({ content: z.union([z.string(), partsSchema]).nullish() }).nullish();
const errorSchema = z.union([
  z.string().transform((message) => ({ message })),
  z.object({ message: z.string() }),
]);
const chunkSchema = z.object({
  choices: z.array(z.object({ delta: messageSchema })).nullish(),
  usage: usageSchema,
  error: errorSchema.nullish(),
});
const wholeSchema = z.object({
  choices: z.array(z.object({ message: messageSchema })).min(1),
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
  const { maxAnswerTokens, seed, refused } = options;
  const parameters = refused.leaveOut({
    max_tokens: maxAnswerTokens,
    temperature: 0.9,
    seed,
    response_format: { type: 'json_object' },
    stream: true,
    stream_options: { include_usage: true },
  });
  const response = await fetch(`${stripEnd(options.baseUrl, /\//)}/chat/completions`, {
    method: 'POST',
    // A redirect could carry the key to another host.
    redirect: 'error',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream, application/json',
      ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
    },
    body: JSON.stringify({ model: options.model, messages, ...parameters }),
    signal,
  });
  if (!response.ok) {
    const body = await readText(response);
    if (refused.learn(parameters, response.status, body)) return await attemptChat(messages, options, signal);
    throw describeFailure(response, body);
  }
  if (response.body === null) throw failing('unavailable', 'the endpoint answered without a body');
  const isStream = response.headers.get('content-type')?.includes('text/event-stream') === true;
  return isStream ? await readStream(response.body) : await readWhole(response.body);
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

async function readStream(body: ReadableStream<Uint8Array>): Promise<ChatAnswer> {
  let text = '';
  let totalTokens: number | undefined;
  let done = false;
  for await (const data of readEventData(body, MAX_ANSWER_BYTES)) {
    if (data === '[DONE]') {
      done = true;
      break;
    }
    const chunk = chunkSchema.parse(JSON.parse(data));
    if (chunk.error)
      throw failing(
        'unavailable',
        `the endpoint broke off: ${chunk.error.message.slice(0, MAX_ERROR_CHARS)}`,
      );
    text += chunk.choices?.[0]?.delta?.content ?? '';
    totalTokens = chunk.usage?.total_tokens ?? totalTokens;
  }
  if (!done && text === '') throw failing('unavailable', 'the stream ended before any text');
  return { text, totalTokens };
}

async function readWhole(body: ReadableStream<Uint8Array>): Promise<ChatAnswer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES)
      throw refusing('unavailable', `the answer is over ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  const answer = wholeSchema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  return { text: answer.choices[0]?.message?.content ?? '', totalTokens: answer.usage?.total_tokens };
}

/** fetch hides what happened (ECONNREFUSED) in the cause. */
function describeError(thrown: unknown): string {
  const error = toError(thrown);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
