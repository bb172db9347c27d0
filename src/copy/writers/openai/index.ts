/**
 * The `openai` writer: any endpoint that speaks OpenAI's chat completions, asked once for all fields of a
 * request.
 */
import { systemClock, type Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';
import { createRandom } from '../../../core/random.ts';
import { parseAnswer } from '../answer.ts';
import { renderPrompt, SYSTEM_PROMPT } from '../prompt.ts';
import type { FieldRequest, Writer } from '../writer.ts';
import { createBudget, type BudgetLimits, type SpendingLedger } from './budget.ts';
import { requestChat } from './chat.ts';
import { createRefusedParameters } from './parameters.ts';

export type { SpendingLedger } from './budget.ts';

export interface OpenAiWriterOptions extends BudgetLimits {
  baseUrl: string;
  apiKey?: string;
  model: string;
  /** For the whole request with its retries; after it the writer has failed. */
  timeoutMs: number;
  retries: number;
  /** First delay between attempts. Default 250. */
  backoffMs?: number;
  /** Where tokens per day are counted; by default in this process alone. */
  ledger?: SpendingLedger;
  clock?: Clock;
}

// A token of English is about four characters; enough for a reservation, corrected by what the server
// reports.
const CHARS_PER_TOKEN = 4;
const MAX_ANSWER_TOKENS = 4096;

export function createOpenAiWriter(options: OpenAiWriterOptions): Writer {
  const { timeoutMs, backoffMs = 250, clock = systemClock } = options;
  const budget = createBudget(options, clock, options.ledger);
  const refused = createRefusedParameters();
  return {
    name: 'openai',
    async write(brief, fields, { seed, signal }) {
      const prompt = renderPrompt(brief, fields);
      const maxAnswerTokens = answerTokens(fields);
      const promptTokens = Math.ceil((SYSTEM_PROMPT.length + prompt.length) / CHARS_PER_TOKEN);
      const settle = await budget.reserve(promptTokens + maxAnswerTokens);
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await requestChat(
          [
            { role: 'system', content: SYSTEM_PROMPT },
            { role: 'user', content: prompt },
          ],
          { ...options, backoffMs, maxAnswerTokens, seed, refused },
          createRandom(seed),
          signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        );
        await settle(answer.totalTokens ?? promptTokens + Math.ceil(answer.text.length / CHARS_PER_TOKEN));
        return parseAnswer(answer.text, fields);
      } catch (thrown) {
        // An attempt that failed may still have been billed: the reservation stands.
        if (signal?.aborted !== true && timeout.aborted) {
          throw new AppError('timed-out', `no answer within ${timeoutMs} ms`, { cause: thrown });
        }
        throw thrown;
      }
    },
  };
}

function answerTokens(fields: readonly FieldRequest[]): number {
  const chars = fields.reduce(
    (sum, field) => sum + field.count * (Math.min(field.aim * 1.5, field.maxChars) + 8),
    0,
  );
  return Math.min(MAX_ANSWER_TOKENS, Math.ceil(chars / CHARS_PER_TOKEN) + 64);
}
