/**
 * What a writer is: given a brief and the fields to fill, it proposes texts; whether they may leave is
 * decided elsewhere.
 *
 * A writer of one's own is a module whose default export makes one (`WriterFactory`): `copy.module.path`.
 */
import type { WriterName } from '../../core/config/index.ts';
import type { Brand } from '../brand/index.ts';
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

/** A text that people took for a field of the brand, for a model to learn the manner from. */
export interface Example {
  /** Names it in receipts: a text id, or `acme@3 #2` for one of the profile. */
  id: string;
  text: string;
}

export interface RefusedText {
  text: string;
  reason: string;
}

export interface WriteOptions {
  seed: number;
  signal?: AbortSignal | undefined;
  /** Of the texts: `en`. */
  language?: string | undefined;
  brand?: Brand | undefined;
  /** By the name of a field. */
  examples?: Readonly<Record<string, readonly Example[]>> | undefined;
  /** Where it is asked again: what was refused of its first proposals, by the name of a field. */
  refused?: Readonly<Record<string, readonly RefusedText[]>> | undefined;
  /** What a field has in this request, or one beside it, by its name: not to be said again. */
  said?: Readonly<Record<string, readonly string[]>> | undefined;
  /** What was refused of it, whoever proposed it: of no use a second time, and no example. */
  unfit?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Called for each request that a model took, also for one whose answer was of no use. */
  note?: ((authorship: Authorship) => void) | undefined;
}

/** Who wrote, with what: what a receipt tells of a text beside the text. */
export interface Authorship {
  model: string | null;
  /** As the endpoint reports it, or the hash of a local model's file. */
  fingerprint: string | null;
  /** Which words the model was given: name and hash of the prompt's file. */
  prompt: string | null;
  parameters: Readonly<Record<string, unknown>>;
  promptTokens: number;
  /** Of the prompt's, those that the provider had at hand. */
  cachedTokens: number;
  completionTokens: number;
  /** Whether the provider counted the tokens; where it did not, they are 0 here. */
  isCounted: boolean;
  /** null where no price is configured or nothing was counted. */
  cost: number | null;
  currency: string | null;
}

export interface Writer {
  readonly name: WriterName;
  /**
   * Whether it answers at once, each field for itself: then it is asked for one field after the other, and
   * other work has its turn between them.
   */
  readonly immediate?: boolean;
  /** How often it is asked again, with the reasons, for texts that were refused. Default 0. */
  readonly repairs?: number;
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

/**
 * The default export of a module named by `copy.module.path`; `settings` are those of `copy.module.settings`.
 */
export type WriterFactory = (
  settings: Readonly<Record<string, unknown>>,
) => Omit<Writer, 'name'> | Promise<Omit<Writer, 'name'>>;
