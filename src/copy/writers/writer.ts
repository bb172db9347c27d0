/**
 * What a writer is: given a brief and the fields to fill, it proposes texts; whether they may leave is
 * decided elsewhere.
 */
import type { WriterName } from '../../core/config/index.ts';
import type { Brief } from '../brief/index.ts';
import type { FieldRole } from '../channels/index.ts';

/** One field to fill. */
export interface FieldRequest {
  /** `social_media_caption`, `x.text`. */
  name: string;
  role: FieldRole;
  /** Texts wanted, all distinct. */
  count: number;
  /** Length to aim at, in characters. */
  aim: number;
  /** The most characters a text may have, as told to a language model; `fits` decides. */
  maxChars: number;
  /** Whether a text keeps the field's limit, hashtags included. */
  fits: (text: string) => boolean;
  /** No emoji, no exclamation mark. */
  plain: boolean;
  /** Only GSM-7 characters are cheap here. */
  gsm7: boolean;
}

export interface WriteOptions {
  seed: number;
  signal?: AbortSignal;
}

export interface Writer {
  readonly name: WriterName;
  /**
   * Whether it answers at once, each field for itself: then it is asked for one field after the other, and
   * other work has its turn between them.
   */
  readonly immediate?: boolean;
  /**
   * Texts for every field, in the order of `fields`. May return fewer than asked for.
   *
   * @throws AppError `unavailable`, `timed-out`, `too-busy` or `bad-model` when it cannot write at all.
   */
  write(
    brief: Brief,
    fields: readonly FieldRequest[],
    options: WriteOptions,
  ): string[][] | Promise<string[][]>;
  /** Ends what the writer holds open. */
  close?(): Promise<void>;
}
