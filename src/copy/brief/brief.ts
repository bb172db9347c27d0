import { AppError } from '../../core/errors.ts';
import { stripEnd } from '../../core/strip-end.ts';
import { shorten } from '../channels/index.ts';
import {
  detectLanguage,
  formatPrice,
  LANGUAGES,
  type Category,
  type Language,
  type LanguageChoice,
  type Noun,
} from '../languages/index.ts';
import { readSubject, type Subject } from './subject.ts';
import { cleanProse, cleanText, foldText } from './clean.ts';
import { before, extractPhrases, NO_PHRASES, type Phrases } from './phrases.ts';
import { labelOf } from './quotes.ts';

export const TONES = ['friendly', 'professional', 'playful', 'elegant', 'direct'] as const;
export type Tone = (typeof TONES)[number];

/** What an attribute tells where a sentence can say it. */
export const ATTRIBUTE_KINDS = ['color', 'size', 'material'] as const;
export type AttributeKind = (typeof ATTRIBUTE_KINDS)[number];

export const MAX_KEYWORDS = 20;
export const MAX_BANNED_WORDS = 200;
/** Of one keyword or banned word. */
export const MAX_WORD_CHARS = 100;
export const MAX_AUDIENCE_CHARS = 200;

export interface BriefInput {
  title: string;
  description: string;
  /** Without one, texts of every tone compete. */
  tone?: Tone | undefined;
  /** Whom the copy speaks to: `busy parents`. */
  audience?: string | undefined;
  /** Words to work into texts and hashtags. */
  keywords?: readonly string[] | undefined;
  /** Words and phrases that may not appear, whatever their case or accents. */
  bannedWords?: readonly string[] | undefined;
  /** `auto` (the default) follows the record. */
  language?: LanguageChoice | undefined;
  /**
   * What the record itself says: language (`de`, `de-AT`), maker, price with its ISO 4217 currency,
   * attributes by name.
   */
  recordLanguage?: string | undefined;
  recordBrand?: string | undefined;
  price?: number | null | undefined;
  currency?: string | undefined;
  attributes?: Readonly<Record<string, string>> | undefined;
}

/** What a writer knows of one product: the submitted words, cleaned and taken apart. */
export interface Brief {
  title: string;
  description: string;
  /** What to write in. */
  language: Language;
  /**
   * What the record is written in: `other` for a language that we do not write, undefined where it is too
   * short to tell.
   */
  recordLanguage: Language | 'other' | undefined;
  /** Who makes it, where the name does not say so; '' where nobody says. */
  maker: string;
  /** As people write it, with its currency; '' without one. */
  price: string;
  /** `Color: Blue`, in the language of the copy. */
  attributes: string[];
  /** Of those that have a sentence of their own (`Made of cotton.`). */
  details: { kind: AttributeKind; value: string }[];
  /** Those of `attributes` that have none. */
  labelled: string[];
  /** Of those that need no label: `Blue`. */
  values: string[];
  /** Name of the product, at most 60 characters; '' when the title holds no usable word. */
  name: string;
  /** What the product is called, from its name or its description; undefined where no known word says it. */
  noun: Noun | undefined;
  /** Whether the name itself holds the noun: `Desk Lamp`, not `iPhone X`. */
  isNamed: boolean;
  /** The noun's text (`lipstick`, `headphones`), else ''. */
  kind: string;
  /** Whether the name is a plural. */
  plural: boolean;
  /**
   * How the name is spoken of inside a sentence: `the ` before `Desk Lamp`, '' before `Oppo K1` and `Ice
   * Cream`.
   */
  article: '' | 'the ';
  category: Category;
  phrases: Phrases;
  tone: Tone | undefined;
  audience: string;
  keywords: string[];
  /** Folded (`foldText`). */
  bannedWords: string[];
}

const MAX_TITLE_UNITS = 1000;
const MAX_DESCRIPTION_UNITS = 4000;
const MAX_NAME_UNITS = 60;

/** @throws AppError `invalid-input` for more than 20 keywords or 200 banned words. */
export function createBrief(input: BriefInput): Brief {
  const { keywords = [], bannedWords = [] } = input;
  requireAtMost('keywords', keywords.length, MAX_KEYWORDS);
  requireAtMost('bannedWords', bannedWords.length, MAX_BANNED_WORDS);
  const title = cleanText(input.title, MAX_TITLE_UNITS);
  const description = cleanProse(input.description, MAX_DESCRIPTION_UNITS);
  const name = productName(title);
  const recordLanguage = readLanguage(input.recordLanguage) ?? detectLanguage(`${title}. ${description}`);
  const { language: choice = 'auto' } = input;
  const language =
    choice !== 'auto'
      ? choice
      : recordLanguage === undefined || recordLanguage === 'other'
        ? 'en'
        : recordLanguage;
  // What is said in another language can be quoted in this one only as a name.
  const isQuotable = recordLanguage === undefined || recordLanguage === language;
  const subject = readSubject(title, name, description, language);
  const { category, noun } = subject;
  const kind = noun?.text ?? '';
  const plural = isPlural(name, subject, description);
  const inTitle = foldText(title);
  const titleWords = asWords(title);
  const attributes = (isQuotable ? readAttributes(input.attributes, language) : []).filter(
    ({ value }) => !titleWords.includes(asWords(value)),
  );
  const write = ({ label, value }: Attribute): string => `${label}${language === 'fr' ? ' :' : ':'} ${value}`;
  const maker = clip(cleanText(input.recordBrand ?? '', 2 * MAX_WORD_CHARS), MAX_WORD_CHARS);
  return {
    title,
    description,
    language,
    recordLanguage,
    maker: isUsefulMaker(maker) && !inTitle.includes(foldText(maker)) ? maker : '',
    price: typeof input.price === 'number' ? formatPrice(input.price, input.currency ?? '', language) : '',
    attributes: attributes.map(write),
    details: attributes.flatMap(({ kind, value }) =>
      kind === undefined ? [] : [{ kind, value: inSentence(value, language) }],
    ),
    labelled: attributes.filter(({ kind }) => kind === undefined).map(write),
    values: attributes.filter(({ isPlain }) => isPlain).map(({ value }) => value),
    name,
    noun,
    isNamed: subject.isNamed,
    kind,
    plural,
    article: language === 'en' ? articleOf(name, subject, description) : '',
    category,
    phrases: isQuotable
      ? extractPhrases(description, { name, title: `${title} ${maker}`, plural, language })
      : NO_PHRASES,
    tone: input.tone,
    audience: clip(cleanText(input.audience ?? '', 2 * MAX_AUDIENCE_CHARS), MAX_AUDIENCE_CHARS),
    keywords: unique(keywords.map((word) => clip(cleanText(word, 2 * MAX_WORD_CHARS), MAX_WORD_CHARS))),
    bannedWords: unique(bannedWords.map((word) => foldText(cleanText(word, 2 * MAX_WORD_CHARS)))),
  };
}

/** Folded, a space around every word: `M` is no part of `Mug`. */
function asWords(text: string): string {
  return ` ${foldText(text)
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `;
}

function requireAtMost(field: string, seen: number, limit: number): void {
  if (seen > limit) {
    throw new AppError('invalid-input', `${field} holds ${seen} entries; at most ${limit} are allowed`, {
      details: { field, limit },
    });
  }
}

/** `de`, `de-AT`, `DE_de`; undefined for what names no language, `other` for one that we do not write. */
function readLanguage(tag: string | undefined): Language | 'other' | undefined {
  const code = /^([a-z]{2})(?:[-_][\w-]*)?$/iu.exec(tag?.trim() ?? '')?.[1]?.toLowerCase();
  return code === undefined ? undefined : (LANGUAGES.find((language) => language === code) ?? 'other');
}

/** Words that shops write where they know no maker. */
function isUsefulMaker(maker: string): boolean {
  return (
    /\p{L}/u.test(maker) &&
    !/^(?:generic|unknown|none|n\/a|no ?name|no brand|unbranded|default)$/iu.test(maker)
  );
}

// Numbers of articles, addresses and what shops note for themselves tell a reader nothing.
const NO_ATTRIBUTE =
  /(?:^|[\s_-])(?:id|ids|sku|gtin|ean|upc|mpn|isbn|asin|url|link|image|brand|manufacturer|vendor|tax|shipping|stock|inventory|availability|condition|label|labels|status|code|barcode|handle|published|quantity|qty|price|date|created|updated|category|type|group|title|description|tags?|meta|seo|rating|reviews?)(?:$|[\s_-])/iu;
const MAX_ATTRIBUTES = 8;

/** What says by itself what it is about. */
const PLAIN_ATTRIBUTE =
  /^(?:colou?r|size|material|weight|capacity|volume|flavou?r|scent|farbe|größe|gewicht|couleur|taille|matière|poids|color|talla|material|peso|colore|taglia|materiale|kleur|maat|materiaal|gewicht)$/iu;

const KIND_WORDS: Record<AttributeKind, RegExp> = {
  color: /^(?:colou?r|farbe|couleur|colore|kleur)$/iu,
  size: /^(?:size|größe|taille|talla|taglia|maat)$/iu,
  material: /^(?:material|matière|materiale|materiaal)$/iu,
};
/** Values that need no word to be bent: clothing sizes, a colour, one stuff (`100 % Cotton`). */
const KIND_VALUES: Record<AttributeKind, RegExp> = {
  color: /^\p{L}[\p{L} -]*$/u,
  size: /^(?:\d?X{0,3}[SL]|M|\d{2}(?:[.,]5)?)$/u,
  material: /^(?:\d{1,3}\s?%\s)?\p{L}+$/u,
};

/** `Assorted` and `as shown` name none: they stand behind their label. */
const NO_VALUE =
  /^(?:multi|assorted|various|mixed|different|random|other|unknown|default|standard|as|see|not|any|no|verschieden\p{L}*|divers\p{L}*|sonstige\p{L}*|autres?|vari[oae]?s?|otr[oa]s?|altr[oie]|overige?)(?!\p{L})/iu;

interface Attribute {
  label: string;
  value: string;
  isPlain: boolean;
  kind: AttributeKind | undefined;
}

/** `Red` or `Olive green` as it stands inside a sentence; German keeps its capitals, `Space Gray` too. */
function inSentence(value: string, language: Language): string {
  return language === 'de' || !/^(?:\d{1,3}\s?%\s)?\p{Lu}\p{Ll}+(?:[ -]\p{Ll}+)*$/u.test(value)
    ? value
    : value.toLowerCase();
}

function readAttributes(attributes: BriefInput['attributes'], language: Language): Attribute[] {
  const found: Attribute[] = [];
  for (const [name, raw] of Object.entries(attributes ?? {})) {
    const label = cleanText(name, 100).replaceAll('_', ' ');
    const value = cleanText(raw, 200);
    if (found.length >= MAX_ATTRIBUTES) break;
    if (NO_ATTRIBUTE.test(label) || !/^\p{L}[\p{L} -]{1,23}$/u.test(label)) continue;
    if (
      value === '' ||
      value.length > 40 ||
      /[<>{}|\\]|:\/\/|^(?:true|false|yes|no|n\/a|none|default title|0|1|-)$/iu.test(value)
    )
      continue;
    // `42 Sneakers` are many.
    const isPlain = PLAIN_ATTRIBUTE.test(label) && value.length <= 24 && /\p{L}/u.test(value);
    const kind = ATTRIBUTE_KINDS.find(
      (each) => KIND_WORDS[each].test(label) && KIND_VALUES[each].test(value) && !NO_VALUE.test(value),
    );
    found.push({ label: labelOf(label, language), value, isPlain, kind });
  }
  return found;
}

const SEPARATOR = /\s[-\u2013\u2014|:/\u2022]\s|\s?[([|]|[;,:]\s/u;

/** The part of a listing's title before its list of attributes: `Acme Mug - Blue, 300 ml` is `Acme Mug`. */
function productName(title: string): string {
  const first = before(SEPARATOR, title);
  const core = /\p{L}/u.test(first) && first.trim().length >= 3 ? first : title;
  const trimmed = stripEnd(
    core.replace(/^[\s\p{P}\p{Sm}]+(?=[\p{L}\p{N}\p{So}])/u, ''),
    /[\s.!?,;:'"\-\u2013\u2014]/u,
  );
  return clip(/[\p{L}\p{N}\p{So}]/u.test(trimmed) ? trimmed.replace(CUT_SHORT, '') : '', MAX_NAME_UNITS);
}

/** A title that a shop cut: `Gucci Bloom Eau de`. What hangs on the last word goes with it. */
const CUT_SHORT = /(?<=\S{2})\s(?:\S+\s(?:de|du|di|da|del)|of|with|for|and|&)$/iu;

/** What the description says of it decides (`iPhone 5s is`), then the look of the word. */
function isPlural(name: string, { noun, isNamed }: Subject, description: string): boolean {
  const at = name === '' ? -1 : description.toLowerCase().indexOf(name.toLowerCase());
  const verb = at < 0 ? undefined : /^\s(is|has|are|have)\b/iu.exec(description.slice(at + name.length))?.[1];
  if (verb !== undefined) return /^(?:are|have)$/iu.test(verb);
  if (noun !== undefined && isNamed) return noun.plural;
  return /\p{L}[^s\P{L}]s$/iu.test(name) && !/(?:us|is|ness|las|vas|gas)$/iu.test(name);
}

/**
 * The description's own usage decides; without it a name that ends in a known noun takes the article, food
 * and brand names do not.
 */
function articleOf(name: string, { category, isNamed }: Subject, description: string): Brief['article'] {
  if (name === '' || /^(?:the|an?|my|your|our)\s/iu.test(name)) return '';
  const at = description.toLowerCase().indexOf(name.toLowerCase());
  if (at >= 0) return /\bthe\s$/iu.test(description.slice(Math.max(0, at - 5), at)) ? 'the ' : '';
  return !isNamed || category === 'food' || /[^\x20-\x7e]/u.test(name) ? '' : 'the ';
}

function clip(text: string, maxUnits: number): string {
  return shorten(text, {
    fits: (text) => text.length <= maxUnits,
    maxUnits: maxUnits * 4,
    sentences: false,
  });
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)].filter((word) => word !== '');
}
