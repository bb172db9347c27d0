/**
 * What may be asked of copy, said once: for `/predict` and `/batch_predict`, for prediction jobs and what is
 * stored of them, for the commands. A new wish needs a default or must be optional, since the options of jobs
 * that were stored earlier are read by this schema too.
 */
import { z } from 'zod';
import { LANGUAGE_CHOICES, WRITER_NAMES } from '../core/config/index.ts';
import { plainText } from '../core/plain-text.ts';
import { brandRefSchema } from './brand/index.ts';
import { MAX_AUDIENCE_CHARS, MAX_BANNED_WORDS, MAX_KEYWORDS, MAX_WORD_CHARS, TONES } from './brief/index.ts';

export const DEFAULT_COUNT = 8;
export const MAX_COUNT = 64;
export const MAX_SEED = 2 ** 31 - 1;

const word = plainText(MAX_WORD_CHARS);

export const copyOptionsSchema = z
  .strictObject({
    /** Channels to write variants for, by their names in config/channels.yaml. */
    channels: z.array(z.string().min(1)),
    tone: z.enum(TONES),
    audience: plainText(MAX_AUDIENCE_CHARS),
    keywords: z.array(word).max(MAX_KEYWORDS),
    bannedWords: z.array(word).max(MAX_BANNED_WORDS),
    /** Texts per field to choose from. With 1 there is nothing to score. */
    count: z.int().min(1).max(MAX_COUNT),
    /** Default: a hash of title and description, so that the same request gives the same copy. */
    seed: z.int().min(0).max(MAX_SEED),
    /** Whose voice and rules: a brand's name, or `acme@3` for one version of its profile. */
    brand: brandRefSchema,
    /** `auto` follows the record. Default: that of the configuration. */
    language: z.enum(LANGUAGE_CHOICES),
    /** Who is asked first; the others of `copy.writers` fill in. */
    writer: z.enum(WRITER_NAMES),
    /** The same by channel: `{"sms": "templates"}`. */
    channelWriters: z.record(z.string().min(1), z.enum(WRITER_NAMES)),
    /** Whether all writers propose, for the champion to choose among all their texts. */
    together: z.boolean(),
  })
  .partial();
export type CopyOptions = z.infer<typeof copyOptionsSchema>;

/** The options as HTTP names them. @param channelNames what `channels` may hold */
export function createWireOptions(channelNames: readonly string[]) {
  const { channels: _, bannedWords, channelWriters, ...alike } = copyOptionsSchema.shape;
  const known = `must be one of ${channelNames.join(', ')}`;
  const channel = z.string().refine((name) => channelNames.includes(name), known);
  return z.strictObject({
    channels: z
      .array(channel)
      .max(channelNames.length)
      .optional()
      .meta({ description: `Variants for: ${channelNames.join(', ')}` }),
    ...alike,
    count: alike.count.meta({
      description: 'Texts per field to choose from; 1 writes one and scores the product alone',
    }),
    banned_words: bannedWords,
    channel_writers: channelWriters,
  });
}
export type WireOptions = Omit<CopyOptions, 'bannedWords' | 'channelWriters'> & {
  banned_words?: CopyOptions['bannedWords'];
  channel_writers?: CopyOptions['channelWriters'];
};

export function fromWireOptions<T extends WireOptions>({ banned_words, channel_writers, ...alike }: T) {
  return {
    ...alike,
    ...(banned_words !== undefined && { bannedWords: banned_words }),
    ...(channel_writers !== undefined && { channelWriters: channel_writers }),
  };
}

export function toWireOptions<T extends CopyOptions>({ bannedWords, channelWriters, ...alike }: T) {
  return {
    ...alike,
    ...(bannedWords !== undefined && { banned_words: bannedWords }),
    ...(channelWriters !== undefined && { channel_writers: channelWriters }),
  };
}
