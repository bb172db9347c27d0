/**
 * `POST /texts/check`: what stands against texts that a person is writing, and what the champion gives them.
 */
import { z } from '@hono/zod-openapi';
import type { Config } from '../../core/config/index.ts';
import { copyText } from '../../core/classifier-text.ts';
import { plainText } from '../../core/plain-text.ts';
import { createWireOptions, fromWireOptions, type Copywriter } from '../../copy/index.ts';
import { createFairLane, type ModelSessions } from '../../serving/index.ts';
import {
  createHangUpSignal,
  createRoutes,
  jsonAnswer,
  parseTimeoutHeader,
  route,
  type Router,
} from '../http/index.ts';

/** The fields of all channels with some of their alternatives. */
const MAX_TEXTS = 64;
const PARTS = ['title', 'description'] as const;

const span = { start: z.int(), end: z.int() };
const reportSchema = z
  .object({
    score: z.number().nullable().openapi({ description: 'null where none was asked for' }),
    used: z.int().openapi({ description: 'Length as the platform counts it' }),
    unit: z.string(),
    limits: z.array(z.object({ kind: z.string(), max: z.int() })),
    finding: z.object({ refusal: z.string(), reason: z.string() }).nullable().openapi({
      description: 'Why the text may not go out',
    }),
    claims: z.array(
      z.object({
        ...span,
        kind: z.string(),
        source: z
          .object({ in: z.enum(PARTS), ...span })
          .nullable()
          .openapi({
            description: 'The words of the product that carry the claim; null where none do',
          }),
      }),
    ),
  })
  .openapi('TextReport');

export function createTextCheckRoutes(deps: {
  copywriter: Copywriter;
  sessions: ModelSessions;
  config: Pick<Config, 'server' | 'serving'>;
}): Router {
  const { copywriter, sessions, config } = deps;
  const { maxTitleChars, maxDescriptionChars } = config.server;
  const { keywords, audience, banned_words, brand, language } = createWireOptions(
    copywriter.channelNames,
  ).shape;

  // One for all who type: together they get one share of the queue, however fast they are.
  const lane = createFairLane();

  return createRoutes('texts', [
    route('POST /texts/check', {
      summary: 'Check and score texts as somebody writes them, by the rules that written copy passes',
      body: z
        .strictObject({
          title: plainText(maxTitleChars),
          description: plainText(maxDescriptionChars),
          keywords,
          audience,
          banned_words,
          brand,
          language,
          texts: z
            .array(z.strictObject({ field: z.string().max(100), text: plainText(maxDescriptionChars) }))
            .min(1)
            .max(MAX_TEXTS),
          score: z.boolean().default(true).openapi({ description: 'Whether the champion scores them' }),
        })
        .openapi('TextCheckRequest'),
      answer: jsonAnswer('a report of each text, in their order', { texts: z.array(reportSchema) }),
      refusals: {
        429: 'the queue is full: Retry-After says when to come again',
        503: 'there is no champion yet',
        504: 'not answered within X-Request-Timeout-Ms',
      },
      handle: async ({ body: { texts, score, ...product }, c }) => {
        const request = fromWireOptions(product);
        const reports = await Promise.all(
          texts.map(({ field, text }) => copywriter.inspect(request, field, text)),
        );
        const { title } = product;
        const read = texts.map(({ field, text }) => copyText({ title, field, text }));
        const scores = score
          ? await sessions.withModel(read[0] ?? '', async (session) => {
              const options = {
                timeoutMs: parseTimeoutHeader(
                  c.req.header('x-request-timeout-ms'),
                  config.serving.requestTimeoutMs,
                ),
                signal: createHangUpSignal(c),
                lane,
              };
              return (await session.score(read, options)).probabilities;
            })
          : [];
        const shown = reports.map(({ claims, ...report }, index) => ({
          ...report,
          limits: [...report.limits],
          score: scores[index] ?? null,
          claims: claims.map(({ source, ...claim }) => ({
            ...claim,
            source:
              source === null
                ? null
                : { in: PARTS[source.part] ?? 'title', start: source.start, end: source.end },
          })),
        }));
        return { texts: shown };
      },
    }),
  ]);
}
