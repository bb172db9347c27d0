/**
 * One chat completion over an OpenAI-compatible endpoint: streamed, bounded in time and size, retried where a
 * retry can help.
 */
import { z } from 'zod';
import { sleep } from '../../../core/clock.ts';
import { AppError, toError } from '../../../core/errors.ts';
import type { Random } from '../../../core/random.ts';
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
}

export interface ChatAnswer {
  text: string;
  /** As the server counted, or undefined when it does not say. */
  totalTokens: number | undefined;
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_ERROR_CHARS = 200;

const usageSchema = z.object({ total_tokens: z.number() }).nullish();
const chunkSchema = z.object({
  choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }).nullish() })).default([]),
  usage: usageSchema,
  error: z.object({ message: z.string() }).nullish(),
});
const wholeSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1),
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
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await attemptChat(messages, options, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      const failure =
        thrown instanceof ChatFailure
          ? thrown
          : new ChatFailure(
              new AppError('unavailable', describeFetchError(thrown), { cause: thrown }),
              true,
              0,
            );
      if (!failure.canRetry || attempt >= options.retries) throw failure.error;
      const backoffMs = options.backoffMs * 2 ** attempt * (0.5 + random.next());
      await sleep(Math.max(backoffMs, failure.retryAfterMs), signal);
    }
  }
}

class ChatFailure extends Error {
  readonly error: AppError;
  readonly canRetry: boolean;
  readonly retryAfterMs: number;

  constructor(error: AppError, canRetry: boolean, retryAfterMs: number) {
    super(error.message);
    this.error = error;
    this.canRetry = canRetry;
    this.retryAfterMs = retryAfterMs;
  }
}

async function attemptChat(
  messages: readonly { role: string; content: string }[],
  options: ChatOptions,
  signal: AbortSignal,
): Promise<ChatAnswer> {
  const response = await fetch(`${options.baseUrl.replace(/\/+$/u, '')}/chat/completions`, {
    method: 'POST',
    // A redirect could carry the key to another host.
    redirect: 'error',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream, application/json',
      ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
    },
    body: JSON.stringify({
      model: options.model,
      messages,
      max_tokens: options.maxAnswerTokens,
      temperature: 0.9,
      stream: true,
      stream_options: { include_usage: true },
    }),
    signal,
  });
  if (!response.ok) throw await readFailure(response);
  if (response.body === null)
    throw new ChatFailure(new AppError('unavailable', 'the endpoint answered without a body'), true, 0);
  const isStream = response.headers.get('content-type')?.includes('text/event-stream') === true;
  return isStream ? await readStream(response.body) : await readWhole(response.body);
}

async function readFailure(response: Response): Promise<ChatFailure> {
  const { status } = response;
  const body = (await response.text().catch(() => '')).slice(0, MAX_ERROR_CHARS);
  const message = `the endpoint answered ${status}: ${body}`;
  const seconds = Number(response.headers.get('retry-after') ?? '0');
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : 0;
  if (status === 429) return new ChatFailure(new AppError('too-busy', message), true, retryAfterMs);
  if (status >= 500 || status === 408)
    return new ChatFailure(new AppError('unavailable', message), true, retryAfterMs);
  if (status === 401 || status === 403)
    return new ChatFailure(new AppError('unauthenticated', `${message}; check copy.openai.apiKey`), false, 0);
  return new ChatFailure(
    new AppError('invalid-config', `${message}; check copy.openai.baseUrl and model`),
    false,
    0,
  );
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
      throw new ChatFailure(
        new AppError(
          'unavailable',
          `the endpoint broke off: ${chunk.error.message.slice(0, MAX_ERROR_CHARS)}`,
        ),
        true,
        0,
      );
    text += chunk.choices[0]?.delta?.content ?? '';
    totalTokens = chunk.usage?.total_tokens ?? totalTokens;
  }
  if (!done && text === '')
    throw new ChatFailure(new AppError('unavailable', 'the stream ended before any text'), true, 0);
  return { text, totalTokens };
}

async function readWhole(body: ReadableStream<Uint8Array>): Promise<ChatAnswer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES)
      throw new ChatFailure(
        new AppError('unavailable', `the answer is over ${MAX_ANSWER_BYTES} bytes`),
        false,
        0,
      );
    chunks.push(chunk);
  }
  const answer = wholeSchema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  return { text: answer.choices[0]?.message.content ?? '', totalTokens: answer.usage?.total_tokens };
}

/** fetch hides what happened (ECONNREFUSED) in the cause. */
function describeFetchError(thrown: unknown): string {
  const error = toError(thrown);
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
