/**
 * Product nouns of a language, from assets/wording/<language>/nouns.yaml: what a word names, and in which
 * category.
 */
import { z } from 'zod';
import { defineWordings, wordList } from '../../core/wording.ts';
import { LANGUAGES, type Language } from './languages.ts';
import { pluralOf } from './plurals.ts';

export const CATEGORIES = [
  'electronics',
  'fashion',
  'home',
  'food',
  'motors',
  'sports',
  'beauty',
  'toys',
  'books',
  'health',
  'unknown',
] as const;
export type Category = (typeof CATEGORIES)[number];
export type KnownCategory = Exclude<Category, 'unknown'>;

/** Masculine, feminine, neuter, common (Dutch `de`); '' in English. */
export type Gender = 'm' | 'f' | 'n' | '';

export interface Noun {
  /** As it stands in the text, but for the capitals of English titles. */
  text: string;
  plural: boolean;
  gender: Gender;
  category: KnownCategory;
  /** Narrower than the category: what its hashtags are about. */
  group: string;
}

type Entry = Omit<Noun, 'text'>;

export interface Lexicon {
  /** Whether a name ends in its head (`Desk Lamp`) or begins with it (`lampe de bureau`). */
  isHeadLast: boolean;
  /** The noun that a run of words ends or begins with, whichever the language's own order asks for. */
  find(words: readonly string[]): { noun: Noun; from: number; to: number } | undefined;
  /** A single word, or two. */
  noun(words: string): Noun | undefined;
  /** Hashtags without their `#` that fit any product of the group. */
  tags(group: string): readonly string[];
}

const groupSchema = z.strictObject({ tags: wordList, nouns: z.string() });
const nounsSchema = z.record(z.enum(CATEGORIES).exclude(['unknown']), z.record(z.string(), groupSchema));
const MOST_WORDS = 3;
/** A compound ends in its head: `Schreibtischlampe` is a lamp. */
const COMPOUNDING: ReadonlySet<Language> = new Set(['de', 'nl']);
const HEAD_FIRST: ReadonlySet<Language> = new Set(['fr', 'es', 'it']);
const MIN_HEAD = 4;
const MIN_MODIFIER = 3;

const sources = defineWordings(LANGUAGES, 'nouns', nounsSchema);
const lexicons = new Map<Language, Lexicon>();

export function lexiconOf(language: Language): Lexicon {
  let lexicon = lexicons.get(language);
  if (lexicon === undefined) lexicons.set(language, (lexicon = createLexicon(language)));
  return lexicon;
}

function createLexicon(language: Language): Lexicon {
  const entries = new Map<string, Entry>();
  const plurals = new Map<string, Entry>();
  const tagsOf = new Map<string, readonly string[]>();
  for (const [category, groups] of Object.entries(sources[language]())) {
    for (const [group, { tags, nouns }] of Object.entries(groups)) {
      tagsOf.set(group, tags);
      for (const source of nouns.split(/,\s*/u)) {
        const [word = '', second = '', third] = source.trim().split(':');
        const gender = (language === 'en' ? '' : second) as Gender;
        const given = language === 'en' ? second : (third ?? '');
        const entry: Entry = { plural: false, gender, category: category as KnownCategory, group };
        // Of a noun that has no other number, the look of its English word tells which it has.
        const isPlural = given === '-' && /[^s]s$/u.test(word);
        const key = word.toLowerCase().replaceAll('\u2019', "'");
        if (!entries.has(key)) entries.set(key, { ...entry, plural: given === 'p' || isPlural });
        if (given === '-' || given === 'p') continue;
        const plural = (given === '' ? pluralOf(word, gender, language) : given).toLowerCase();
        if (!plurals.has(plural)) plurals.set(plural, { ...entry, plural: true });
      }
    }
  }
  const look = (word: string): Entry | undefined => entries.get(word) ?? plurals.get(word);

  const noun = (text: string): Noun | undefined => {
    const lower = text.toLowerCase().replaceAll('\u2019', "'");
    let entry = look(lower);
    // A `perceuse-visseuse` is a `perceuse`.
    if (entry === undefined && HEAD_FIRST.has(language) && !lower.includes(' '))
      entry = look(lower.split('-', 1)[0] ?? '');
    if (entry === undefined && COMPOUNDING.has(language) && !lower.includes(' ')) {
      // A `Bettwäsche-Set` is bed linen.
      const single = lower.replace(/-sets?$/u, '');
      if (single !== lower) return noun(text.slice(0, single.length));
      entry = look(lower.slice(lower.lastIndexOf('-') + 1));
      for (let at = MIN_MODIFIER; entry === undefined && at <= lower.length - MIN_HEAD; at += 1)
        entry = look(lower.slice(at));
    }
    if (entry === undefined) return undefined;
    // Titles write nouns with a capital; one inside a word (`iPhone`, `SUV`) belongs to it, and German keeps
    // all.
    const isPlain = language !== 'de' && !/\p{Ll}\p{Lu}|^\p{Lu}{2,4}$/u.test(text);
    return { text: isPlain ? text.toLowerCase() : text, ...entry };
  };

  return {
    isHeadLast: !HEAD_FIRST.has(language),
    noun,
    tags: (group) => tagsOf.get(group) ?? [],
    find(words) {
      const count = words.length;
      for (let step = 0; step < count; step += 1) {
        for (let size = Math.min(MOST_WORDS, count - step); size > 0; size -= 1) {
          const from = HEAD_FIRST.has(language) ? step : count - step - size;
          const found = noun(words.slice(from, from + size).join(' '));
          if (found !== undefined) return { noun: found, from, to: from + size };
        }
      }
      return undefined;
    },
  };
}
