/**
 * From the options of `copyloop predict` to what is asked of copy: the same wishes that `/predict` and
 * `/jobs/predict` take.
 */
import { LANGUAGE_CHOICES } from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';
import { copyOptionsSchema, MAX_COUNT, MAX_SEED, TONES, type CopyOptions } from '../copy/index.ts';
import { parseWhole, type OptionSpecs, type OptionValues } from './command.ts';

export const COPY_OPTIONS = {
  channel: { type: 'string', multiple: true, value: 'NAME', about: 'also write for this channel' },
  channels: { type: 'string', value: 'A,B', about: 'the same, several at once' },
  tone: { type: 'string', value: 'NAME', about: `tone of the copy: ${TONES.join(', ')}` },
  audience: { type: 'string', value: 'TEXT', about: 'whom the copy speaks to: "busy parents"' },
  keyword: { type: 'string', multiple: true, value: 'WORD', about: 'to work into texts and hashtags' },
  'banned-word': { type: 'string', multiple: true, value: 'WORD', about: 'that no text may hold' },
  brand: { type: 'string', value: 'NAME', about: 'whose voice and rules: a brand, or NAME@VERSION' },
  writer: { type: 'string', value: 'NAME', about: 'who is asked first, of copy.writers' },
  together: { type: 'boolean', about: 'all writers propose, and the champion chooses' },
  count: { type: 'string', value: 'N', about: 'texts per field to choose from (default: copy.candidates)' },
  language: {
    type: 'string',
    value: 'NAME',
    about: `of the copy: ${LANGUAGE_CHOICES.join(', ')} (default: copy.language)`,
  },
  seed: { type: 'string', value: 'N', about: 'seed of the copy (default: from each product)' },
} as const satisfies OptionSpecs;

/** @throws AppError `invalid-input` naming the option */
export function parseCopyOptions(options: OptionValues<typeof COPY_OPTIONS>): CopyOptions {
  const named = [...(options.channel ?? []), ...(options.channels?.split(',') ?? [])];
  const wishes = {
    channels: named.length === 0 ? undefined : named,
    tone: options.tone,
    language: options.language,
    audience: options.audience,
    keywords: options.keyword,
    bannedWords: options['banned-word'],
    brand: options.brand,
    writer: options.writer,
    together: options.together,
    count: parseWhole('count', options.count, { min: 1, max: MAX_COUNT }),
    seed: parseWhole('seed', options.seed, { min: 0, max: MAX_SEED }),
  };
  for (const name of ['keywords', 'bannedWords'] as const) {
    if (wishes[name]?.some((word) => word.trim() === '') === true)
      throw new AppError('invalid-input', `${name} hold an empty one: give a word or leave the option out`);
  }
  const parsed = copyOptionsSchema.safeParse(wishes);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError(
    'invalid-input',
    `${issue?.path.join('.') ?? 'options'}: ${issue?.message ?? 'cannot be used'}`,
  );
}
