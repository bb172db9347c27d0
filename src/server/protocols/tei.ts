/**
 * `POST /tei/predict`: classification in the shape of Hugging Face's Text Embeddings Inference, with its
 * timing headers.
 */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { LABELS } from '../../ml/index.ts';
import {
  createHangUpSignal,
  createRouter,
  describeError,
  messageFor,
  parseTimeoutHeader,
  setRetryAfter,
  toInvalidInput,
  withoutNulls,
  type AppEnv,
  type Router,
} from '../http/index.ts';
import type { ModelSessions } from '../../serving/index.ts';
import type { CallLimits } from './limits.ts';

/**
 * One text, a list of texts, or a list of one-text lists, as TEI takes them; pairs are for models of two
 * texts, which ours is not.
 */
function requestSchema({ maxTextChars, maxItems }: CallLimits) {
  const text = z.string().min(1).max(maxTextChars);
  return withoutNulls(
    z.object({
      inputs: z.union([
        text,
        z
          .array(z.union([text, z.tuple([text])]))
          .min(1)
          .max(maxItems),
      ]),
      truncate: z.boolean().nullish(),
      raw_scores: z.boolean().nullish(),
    }),
  );
}

export function createTeiRoutes(deps: { sessions: ModelSessions; limits: CallLimits }): Router {
  const { sessions, limits } = deps;
  const schema = requestSchema(limits);
  const router = createRouter();
  router.post('/tei/predict', async function teiPredict(c) {
    const startedMs = performance.now();
    const parsed = schema.safeParse(await readJson(c));
    if (!parsed.success) throw toInvalidInput(parsed.error);
    const { inputs, raw_scores: rawScores } = parsed.data;
    const texts =
      typeof inputs === 'string'
        ? [inputs]
        : inputs.map((item) => (typeof item === 'string' ? item : item[0]));
    const scored = await sessions.withModel(texts[0] ?? '', (session) =>
      session.score(texts, {
        timeoutMs: parseTimeoutHeader(
          c.req.header('x-request-timeout-ms'),
          texts.length === 1 ? limits.timeoutMs : limits.batchTimeoutMs,
        ),
        signal: createHangUpSignal(c),
      }),
    );
    const { tokenizeMs, waitMs, computeMs } = scored.timing;
    const totalMs = performance.now() - startedMs;
    const headers: Record<string, string> = {
      'x-compute-type': 'cpu',
      'x-compute-time': totalMs.toFixed(0),
      'x-compute-characters': String(texts.reduce((sum, text) => sum + text.length, 0)),
      'x-compute-tokens': String(scored.tokens),
      'x-total-time': totalMs.toFixed(0),
      'x-tokenization-time': tokenizeMs.toFixed(0),
      'x-queue-time': waitMs.toFixed(0),
      'x-inference-time': computeMs.toFixed(0),
    };
    const answers = scored.probabilities.map((probability) => classify(probability, rawScores === true));
    return c.json(typeof inputs === 'string' ? answers[0] : answers, 200, headers);
  });
  router.onError((thrown, c) => {
    const error = describeError(thrown);
    const status = teiStatus(error);
    setRetryAfter(c, error);
    return c.json(renderTeiError(error), status);
  });
  return router;
}

export function renderTeiError(error: AppError): { error: string; error_type: string } {
  return { error: messageFor(error), error_type: teiErrorType(error) };
}

/**
 * Both labels, the likelier first; raw scores are the logits' halves of their difference, which is all that a
 * two-label model has.
 */
function classify(probability: number, rawScores: boolean): { score: number; label: string }[] {
  const [negative, positive] = LABELS;
  const scoreOf = (p: number): number => (rawScores ? Math.log(p / (1 - p)) / 2 : p);
  return [
    { score: scoreOf(probability), label: positive },
    { score: scoreOf(1 - probability), label: negative },
  ].toSorted((a, b) => b.score - a.score);
}

async function readJson(c: Context<AppEnv>): Promise<unknown> {
  try {
    return await c.req.json();
  } catch (cause) {
    throw new AppError('invalid-input', 'the body is not valid JSON', { cause });
  }
}

function teiStatus(error: AppError): 413 | 422 | 424 | 429 | 503 {
  if (error.code === 'invalid-input') return 422;
  const { httpStatus } = error.traits;
  if (httpStatus === 413 || httpStatus === 429 || httpStatus === 503) return httpStatus;
  return 424;
}

const ERROR_TYPES: Partial<Record<ErrorCode, string>> = {
  'invalid-input': 'validation',
  'payload-too-large': 'validation',
  'too-busy': 'overloaded',
  'not-ready': 'unhealthy',
  unavailable: 'unhealthy',
};

function teiErrorType(error: AppError): string {
  return ERROR_TYPES[error.code] ?? 'backend';
}
