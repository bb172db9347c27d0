/** The request of a prediction: a product and what is wished of its copy. */
import { z } from '@hono/zod-openapi';
import { COPY_POLICIES, type Config } from '../../core/config/index.ts';
import { toPlainText } from '../../core/markup.ts';
import { plainText } from '../../core/plain-text.ts';
import { createWireOptions } from '../../copy/index.ts';
import { withoutNulls } from '../http/index.ts';

const MAX_CATEGORY_CHARS = 200;
const MAX_ID_CHARS = 200;
const MAX_LINK_CHARS = 2000;

/**
 * Of a product record that `/generate_data` answers: taken, so that a record can be sent as it is; neither
 * read nor stored.
 */
const ignored = z
  .unknown()
  .optional()
  .transform(() => undefined);
const IGNORED_RECORD_FIELDS = { rating: ignored, timestamp: ignored };
const MAX_ATTRIBUTES = 50;
const MAX_ATTRIBUTE_CHARS = 1000;

function readPrice(price: unknown): number | undefined {
  return typeof price === 'number' && Number.isFinite(price) && price > 0 ? price : undefined;
}

/**
 * Markup is read as a browser shows it before anything is counted, scored or written: all of them see one
 * text.
 */
function fromMarkup<T extends z.ZodType<string, string>>(text: T) {
  return z.preprocess((raw) => (typeof raw === 'string' ? toPlainText(raw) : raw), text);
}

export function createRequestSchemas(config: Pick<Config, 'server'>, channelNames: readonly string[]) {
  const { maxTitleChars, maxDescriptionChars, maxBatchItems } = config.server;
  const options = {
    ...createWireOptions(channelNames).shape,
    link: z
      .url({ protocol: /^https?$/ })
      .max(MAX_LINK_CHARS)
      .optional()
      .openapi({
        description:
          'Where the texts lead: answered once for each returned text, with its text id as utm_content',
      }),
    claims: z.boolean().optional().openapi({
      description: 'What each returned text says of the product, with the words of the request that carry it',
    }),
    policy: z.enum(COPY_POLICIES).optional().openapi({
      description: 'How texts are chosen; default: copy.policy of the configuration',
    }),
    version: z
      .int()
      .min(1)
      .max(2 ** 31 - 1)
      .optional()
      .openapi({
        description:
          'Version of model.name that scores and chooses in place of the one in service; it is loaded when asked for',
      }),
    explain: z.boolean().optional().openapi({ description: 'Which phrases raised or lowered the score' }),
  };
  const product = z
    .strictObject({
      title: fromMarkup(plainText(maxTitleChars)).refine((title) => title.trim() !== '', 'must not be empty'),
      description: fromMarkup(plainText(maxDescriptionChars)),
      id: z.union([plainText(MAX_ID_CHARS), z.number()]).optional(),
      category: plainText(MAX_CATEGORY_CHARS).optional(),
      price: z.unknown().optional().transform(readPrice).openapi({
        description:
          'Said in some of the texts where `currency` is known; anything but a number above 0 is not read',
      }),
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/, 'must be three capital letters (ISO 4217)')
        .optional()
        .openapi({ description: 'Of `price`, in ISO 4217: EUR' }),
      attributes: z
        .record(plainText(MAX_ID_CHARS), plainText(MAX_ATTRIBUTE_CHARS))
        .refine((pairs) => Object.keys(pairs).length <= MAX_ATTRIBUTES, `at most ${MAX_ATTRIBUTES}`)
        .optional()
        .openapi({ description: 'Of the product, by name: color, size, brand (who makes it)' }),
      ...IGNORED_RECORD_FIELDS,
      ...options,
    })
    .openapi('PredictRequest');
  const items = z.array(product).min(1).max(maxBatchItems);
  const wrapped = z.strictObject({ items, ...options }).openapi('BatchPredictRequest');
  const batch = z.preprocess((body) => (Array.isArray(body) ? { items: body } : body), withoutNulls(wrapped));
  return { product, batch };
}

export type PredictRequest = z.infer<ReturnType<typeof createRequestSchemas>['product']>;

export const creativeSchema = z
  .object({
    title: z.string(),
    description: z.string(),
    social_media_caption: z.string(),
    hashtags: z.array(z.string()),
    ad_copy: z.string(),
    confidence_score: z
      .number()
      .openapi({ description: "The model's calibrated probability that title and description sell" }),
    generated_at: z.iso.datetime(),
  })
  .openapi('Creative');

const textId = z
  .string()
  .openapi({ description: 'Names the text in feedback: <prediction id>.<field>.<place>' });
const scoredText = z.object({
  text: z.string(),
  score: z.number().nullable(),
  text_id: textId,
  writer: z.string().optional().openapi({
    description: "The language model's writer; absent for texts of templates. Such a text is AI-generated.",
  }),
  propensity: z.number().optional().openapi({
    description: 'Probability with which the policy explore chose this text',
  }),
});

export const authorSchema = z
  .object({
    writer: z.string(),
    model: z.string().nullable(),
    fingerprint: z.string().nullable(),
    prompt: z.string().nullable().openapi({ description: "The prompt's file and the hash of its words" }),
    examples: z.array(z.string()),
    seed: z.int(),
    parameters: z.looseObject({}),
    prompt_tokens: z.int(),
    cached_tokens: z.int(),
    completion_tokens: z.int(),
    is_counted: z.boolean().openapi({ description: 'Whether the provider counted the tokens' }),
    cost: z.number().nullable(),
    currency: z.string().nullable(),
  })
  .openapi('Authorship');
const claimSchema = z
  .object({
    text: z.string(),
    start: z.int(),
    end: z.int(),
    words: z.string().openapi({ description: 'The words of the request that carry it' }),
    source: z.string(),
  })
  .openapi('Claim');

export const predictionExtrasSchema = z.object({
  prediction_id: z
    .string()
    .openapi({ description: 'For feedback and for reading or erasing what was stored' }),
  model: z.object({
    name: z.string(),
    version: z.int(),
    alias: z.string().openapi({ description: '`none`: the version was asked for by its number' }),
  }),
  writer: z.string(),
  fallback: z.string().nullable().openapi({ description: 'Why templates wrote in place of the writer' }),
  authors: z.array(authorSchema).optional().openapi({
    description: 'What language models did for this answer, one entry for each request that one took',
  }),
  ai_generated: z
    .object({ digital_source_type: z.literal('trainedAlgorithmicMedia'), fields: z.array(z.string()) })
    .optional()
    .openapi({
      description:
        "Fields whose returned text a language model wrote, by IPTC's term for platforms that ask for the mark; absent where none did",
    }),
  claims: z
    .record(z.string(), z.array(z.object({ text: z.string(), claims: z.array(claimSchema) })))
    .optional(),
  notes: z.array(z.string()).optional().openapi({
    description: 'What else to know of the copy, such as that the product is not described in English',
  }),
  brand: z.object({ name: z.string(), version: z.int() }).optional().openapi({
    description: 'Whose voice and rules the texts keep, in which version of the profile',
  }),
  channels: z.record(z.string(), z.record(z.string(), z.union([z.string(), z.array(z.string())]))),
  alternatives: z.record(z.string(), z.array(scoredText)),
  text_ids: z.record(z.string(), z.union([textId, z.array(textId)])).openapi({
    description: 'Of each text that was returned, by field; a list for a field that returns many texts',
  }),
  policy: z.enum(['explore', 'holdback']).optional().openapi({
    description:
      'Where copy is explored: whether it was for this answer, or the best was held back for comparison',
  }),
  links: z
    .record(z.string(), z.union([z.url(), z.array(z.url())]))
    .optional()
    .openapi({
      description: "The request's link with each returned text's id as utm_content",
    }),
  explanation: z
    .object({
      score: z.number(),
      phrases: z.array(z.object({ text: z.string(), start: z.int(), end: z.int(), effect: z.number() })),
    })
    .optional(),
});

export type Creative = z.infer<typeof creativeSchema>;
export type PredictionExtras = z.infer<typeof predictionExtrasSchema>;
