/**
 * The `openai` writer: any endpoint that speaks OpenAI's chat completions, asked once for all fields of a
 * request, and again for what was refused.
 */
import { systemClock, type Clock } from '../../../core/clock.ts';
import { AppError } from '../../../core/errors.ts';
import { createRandom } from '../../../core/random.ts';
import { parseAnswer } from '../answer.ts';
import { answerSchema, renderPrompt, renderSystem } from '../prompt.ts';
import { loadPrompt, type Prompt } from '../prompt-file.ts';
import type { Authorship, FieldRequest, WriteOptions, Writer } from '../writer.ts';
import { createBudget, type BudgetLimits, type SpendingLedger } from './budget.ts';
import { requestChat, type ChatAnswer, type Usage } from './chat.ts';
import { createLane } from './lane.ts';
import { createRefusedParameters, type Parameters } from './parameters.ts';

export type { SpendingLedger } from './budget.ts';

/** What a provider charges. */
export interface TokenPrice {
  /** Per million tokens. */
  prompt: number;
  /** Of the prompt's tokens that the provider had at hand; the same as `prompt` where it is left out. */
  cachedPrompt?: number | undefined;
  completion: number;
  /** ISO 4217: `USD`. */
  currency: string;
}

export interface OpenAiWriterOptions extends BudgetLimits {
  baseUrl: string;
  apiKey?: string;
  model: string;
  /** For the whole request with its retries; after it the writer has failed. */
  timeoutMs: number;
  retries: number;
  /** First delay between attempts. Default 250. */
  backoffMs?: number;
  /** Requests at the same time. Default 8. */
  maxParallel?: number;
  /** How often refused texts are asked for again. Default 1. */
  repairs?: number;
  price?: TokenPrice | undefined;
  prompt?: Prompt;
  /** Where tokens per day are counted; by default in this process alone. */
  ledger?: SpendingLedger;
  clock?: Clock;
}

// A token of English is about four characters; enough for a reservation, corrected by what the server
// reports.
const CHARS_PER_TOKEN = 4;
const MAX_ANSWER_TOKENS = 4096;
const MILLION = 1_000_000;

export function createOpenAiWriter(options: OpenAiWriterOptions): Writer {
  const { timeoutMs, backoffMs = 250, clock = systemClock, prompt = loadPrompt() } = options;
  const budget = createBudget(options, clock, options.ledger);
  const refused = createRefusedParameters();
  const lane = createLane(options.maxParallel ?? 8, clock);

  /** One answer, and what of the schema the endpoint took for it. */
  const ask = async (
    messages: { system: string; user: string },
    fields: readonly FieldRequest[],
    { seed, note }: WriteOptions,
    signal: AbortSignal,
  ): Promise<{ answer: ChatAnswer; isShaped: boolean }> => {
    const maxAnswerTokens = answerTokens(fields);
    const promptTokens = Math.ceil((messages.system.length + messages.user.length) / CHARS_PER_TOKEN);
    const settle = await budget.reserve(promptTokens + maxAnswerTokens);
    let isShaped = false;
    const answer = await requestChat(
      [
        { role: 'system', content: messages.system },
        { role: 'user', content: messages.user },
      ],
      {
        ...options,
        backoffMs,
        maxAnswerTokens,
        seed,
        schema: answerSchema(fields),
        refused,
        lane,
        isWhole: (text) => isReadable(text, fields),
        onTaken: ({ parameters, answer: taken }) => {
          isShaped = parameters.response_format !== undefined;
          note?.(describe(taken, parameters));
        },
      },
      createRandom(seed),
      signal,
    );
    // An attempt that failed may still have been billed: its reservation stands.
    const used = answer.usage && answer.usage.promptTokens + answer.usage.completionTokens;
    await settle(used ?? promptTokens + Math.ceil(answer.text.length / CHARS_PER_TOKEN));
    return { answer, isShaped };
  };

  const describe = (answer: Partial<ChatAnswer>, parameters: Parameters): Authorship => {
    const { usage } = answer;
    const { response_format: format, stream_options: _, ...told } = parameters;
    return {
      model: answer.model ?? options.model,
      fingerprint: answer.fingerprint ?? null,
      prompt: prompt.version,
      parameters: { ...told, response_format: (format as { type?: string } | undefined)?.type ?? null },
      promptTokens: usage?.promptTokens ?? 0,
      cachedTokens: usage?.cachedTokens ?? 0,
      completionTokens: usage?.completionTokens ?? 0,
      isCounted: usage !== undefined,
      cost: usage === undefined ? null : costOf(usage, options.price),
      currency: options.price?.currency ?? null,
    };
  };

  return {
    name: 'openai',
    repairs: options.repairs ?? 1,
    async write(brief, fields, writing) {
      const { signal } = writing;
      const timeout = AbortSignal.timeout(timeoutMs);
      const deadline = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      const user = renderPrompt(prompt, brief, fields, writing);
      try {
        const first = await ask({ system: renderSystem(prompt, writing), user }, fields, writing, deadline);
        try {
          return parseAnswer(first.answer.text, fields);
        } catch (thrown) {
          // Whoever was held to a shape and did not keep it will not do so the second time either.
          if (first.isShaped) throw thrown;
          const again: WriteOptions = { ...writing, refused: sayUnreadable(fields, thrown) };
          const system = renderSystem(prompt, again);
          const second = await ask(
            { system, user: renderPrompt(prompt, brief, fields, again) },
            fields,
            again,
            deadline,
          );
          return parseAnswer(second.answer.text, fields);
        }
      } catch (thrown) {
        if (signal?.aborted !== true && timeout.aborted) {
          throw new AppError('timed-out', `no answer within ${timeoutMs} ms`, { cause: thrown });
        }
        throw thrown;
      }
    },
  };
}

/** In the provider's currency. */
function costOf(usage: Usage, price: TokenPrice | undefined): number | null {
  if (price === undefined) return null;
  const { promptTokens, cachedTokens, completionTokens } = usage;
  const cached = cachedTokens * (price.cachedPrompt ?? price.prompt);
  return (
    ((promptTokens - cachedTokens) * price.prompt + cached + completionTokens * price.completion) / MILLION
  );
}

function isReadable(text: string, fields: readonly FieldRequest[]): boolean {
  try {
    return parseAnswer(text, fields).length > 0;
  } catch {
    return false;
  }
}

function sayUnreadable(
  fields: readonly FieldRequest[],
  thrown: unknown,
): NonNullable<WriteOptions['refused']> {
  const reason = thrown instanceof Error ? thrown.message : 'the answer cannot be read';
  return Object.fromEntries(fields.map(({ name }) => [name, [{ text: '', reason }]]));
}

function answerTokens(fields: readonly FieldRequest[]): number {
  const chars = fields.reduce(
    (sum, field) => sum + field.count * (Math.min(field.aim * 1.5, field.maxChars) + 8),
    0,
  );
  return Math.min(MAX_ANSWER_TOKENS, Math.ceil(chars / CHARS_PER_TOKEN) + 64);
}
