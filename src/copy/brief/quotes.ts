/**
 * Sentences of a description that copy may repeat whole: cut at full stops and semicolons, none that
 * complains, boasts in the first person or keeps stock.
 */
import { z } from 'zod';
import { stripEnd } from '../../core/strip-end.ts';
import { defineWordings } from '../../core/wording.ts';
import { LANGUAGES, type Language } from '../languages/index.ts';

export interface Phrase {
  text: string;
  /** Number of the sentence it comes from, so that one text does not say the same thing twice. */
  sentence: number;
}

// A first person speaks for somebody, a negation needs its context, and shelf marks or shipping are no news
// to a shopper.
const FOREIGN = LANGUAGES.filter((language) => language !== 'en');
const proses = defineWordings(
  FOREIGN,
  'prose',
  z.strictObject({ unquotable: z.string(), labels: z.record(z.string(), z.string()) }),
);
const patterns = new Map<Language, RegExp>();

function unquotable(language: Exclude<Language, 'en'>): RegExp {
  let pattern = patterns.get(language);
  if (pattern === undefined) {
    const words = proses[language]()
      .unquotable.trim()
      .split(/\s+/u)
      .join('|')
      .replaceAll('*', String.raw`\p{L}*`);
    patterns.set(language, (pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${words})(?!\\p{L})`, 'iu')));
  }
  return pattern;
}

/** What an attribute is called in a language: `color` is `Farbe`. */
export function labelOf(attribute: string, language: Language): string {
  const labels = language === 'en' ? {} : proses[language]().labels;
  const name = attribute.toLowerCase();
  const known = Object.hasOwn(labels, name) ? labels[name] : undefined;
  return known ?? attribute.charAt(0).toUpperCase() + attribute.slice(1);
}

const UNQUOTABLE_ENGLISH =
  /\b(?:i|i'm|i'd|i've|i'll|me|my|mine|we|we're|our|ours|us|he|she|her|his|not|no|never|none|nobody|cannot|without|but|however|although|unfortunately|poor|poorly|bad|badly|worst|worse|cheap|cheaply|broke|broken|breaks|flimsy|return|returned|refunds?|disappoint\w*|terrible|awful|horrible|defect\w*|waste|useless|stopped|issue|issues|problem|problems|refurbished|damaged|complaints?|regrets?|another variant|(?:model|item|article) (?:number )?(?:ends|\d+)|carton|leaflet|packed in|ships in|sold in|also listed|listed under)\b|n't\b/iu;
/** Addresses and marks of a page are no prose in any language. */
const UNQUOTABLE = /https?:|www\.|@|\.{2,}|[\u2026{}[\]<>|\\^~*_#]/iu;

// With the mark that ends a sentence, which stays with it: to look for the mark itself is ten times as fast
// as to look behind at every place.
const SENTENCE_END =
  /[.!?]["')\u201d\u2019]?\s+(?=["'(\u201c\u2018]?[\p{Lu}\p{N}])|\s[\u2022\u00b7]\s|;\s+(?=\p{L})/gu;
const END_MARK = /^[.!?]/u;
// "Besides, the fit ..." joins a sentence to the one before it; alone it says nothing.
const CONNECTIVE =
  /^(?:besides|also|additionally|moreover|furthermore|plus|in addition|still|then again),\s+/iu;
const VERB =
  /\s(?=(?:is|are|has|have|will|can|offers?|features?|combines?|delivers?|provides?|comes?|brings?|adds?|includes?|makes?|helps?|keeps?|lets?|boasts?|gives?)\b)/iuy;
const ANY_VERB = new RegExp(VERB.source, 'iu');
const MAX_SUBJECT = 100;
const THE = /^the\s+/iu;
const ASCII = /^[\x20-\x7e]*$/u;

const MAX_SENTENCES = 12;
const MAX_QUOTE = 190;

/** After these a full stop ends no sentence; nor after a single letter. */
const ABBREVIATION =
  /(?:^|[\s(.])(?:\p{L}|approx|incl|excl|etc|vs|min|max|no|dr|mr|mrs|st|ca|inkl|exkl|bzw|ggf|nr|evtl|usw|env|réf|aprox|ej|pág|ecc|es|bijv|evt|excl)\.$/iu;

export function splitSentences(description: string): string[] {
  const sentences: string[] = [];
  let begin = 0;
  SENTENCE_END.lastIndex = 0;
  while (sentences.length < MAX_SENTENCES) {
    const end = SENTENCE_END.exec(description);
    if (end === null) {
      sentences.push(description.slice(begin));
      break;
    }
    const sentence = description.slice(begin, END_MARK.test(end[0]) ? end.index + 1 : end.index);
    if (ABBREVIATION.test(sentence.slice(-8))) continue;
    sentences.push(sentence);
    begin = SENTENCE_END.lastIndex;
  }
  return sentences.map((sentence) => upperStart(sentence.trim().replace(CONNECTIVE, '')));
}

/** Whether copy may take anything from this sentence. */
export function isUsable(sentence: string, language: Language = 'en'): boolean {
  return (
    sentence.length >= 8 &&
    sentence.length <= 400 &&
    !UNQUOTABLE.test(sentence) &&
    !(language === 'en' ? UNQUOTABLE_ENGLISH : unquotable(language)).test(sentence)
  );
}

/**
 * A sentence as it can follow one that has named the product (`quote`: its subject is a pronoun), and as it
 * can stand first (`statement`: it names the product itself). Either may be missing.
 */
export function readQuote(
  sentence: string,
  number: number,
  product: { name: string; title?: string; plural: boolean; language?: Language },
): { quote?: Phrase; statement?: Phrase } {
  if (!isQuotable(sentence)) return {};
  const text = endSentence(sentence);
  if (product.name === '') return { quote: { text, sentence: number } };
  const isEnglish = (product.language ?? 'en') === 'en';
  const rest = isEnglish ? (afterSubject(text, product.name) ?? afterOtherName(text, product)) : undefined;
  if (rest !== undefined) {
    const isMany = /^(?:are|have)\b/iu.test(rest) || (product.plural && !SINGULAR.test(rest));
    return {
      quote: { text: `${isMany ? 'They' : 'It'} ${rest}`, sentence: number },
      statement: { text, sentence: number },
    };
  }
  // `Sweet and juicy mulberries, perfect for snacking` names what it is about, without a verb.
  const isOpening = isEnglish && number === 0 && NOUN_PHRASE.test(text) && !ANY_VERB.test(text);
  return isOpening ||
    (!/^(?:it|they|its|their)\b/iu.test(text) && text.toLowerCase().includes(product.name.toLowerCase()))
    ? { statement: { text, sentence: number } }
    : { quote: { text, sentence: number } };
}

/** What follows `The <name> ` where a verb does. */
function afterSubject(text: string, name: string): string | undefined {
  if (!ASCII.test(text) || !ASCII.test(name)) {
    const subject = new RegExp(`^(?:the\\s+)?${escape(name)}${VERB.source}`, 'iu').exec(text);
    return subject === null ? undefined : text.slice(subject[0].length);
  }
  // Most names are ASCII, and a pattern of its own for each product costs more to compile than all the others
  // take to run.
  const lower = text.toLowerCase();
  for (const at of [THE.exec(text)?.[0].length ?? 0, 0]) {
    if (!lower.startsWith(name.toLowerCase(), at)) continue;
    VERB.lastIndex = at + name.length;
    if (VERB.test(text)) return text.slice(VERB.lastIndex);
  }
  return undefined;
}

const SINGULAR =
  /^(?:is|has|offers|features|combines|delivers|provides|comes|brings|adds|includes|makes|helps|keeps|lets|boasts|gives)\b/iu;
const NOUN_PHRASE =
  /^(?!(?:perfect|ideal|great|made|designed|with|for|enjoy|experience|achieve|discover)\b)[^,]+,\s/iu;
const JOINERS = new Set(['the', 'this', 'these', 'by', 'in', 'for', 'from', 'of', 'with', 'and']);

/** What follows a subject that says the name in other words: `Coco Noir by Chanel` for `Chanel Coco Noir`. */
function afterOtherName(text: string, { name, title }: { name: string; title?: string }): string | undefined {
  const verb = ANY_VERB.exec(text.slice(0, MAX_SUBJECT));
  if (verb === null) return undefined;
  const own = new Set(words(title ?? name));
  const said = words(text.slice(0, verb.index)).filter((word) => !JOINERS.has(word));
  const isName = said.length > 1 && said.every((word) => own.has(word));
  return isName ? text.slice(verb.index + verb[0].length) : undefined;
}

function words(text: string): string[] {
  const found = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return found.map((word) => word.replace(/s$/u, '').replace(/men$/u, 'man'));
}

function isQuotable(sentence: string): boolean {
  return (
    sentence.length >= 20 &&
    sentence.length <= MAX_QUOTE &&
    /^\p{Lu}/u.test(sentence) &&
    !/["\u201c\u201d()]/u.test(sentence)
  );
}

function endSentence(sentence: string): string {
  return /[.!?]$/u.test(sentence) ? sentence : `${stripEnd(sentence, /[\s,:\-\u2013\u2014]/u)}.`;
}

function upperStart(sentence: string): string {
  return /^[a-z]+\s/u.test(sentence) ? sentence.charAt(0).toUpperCase() + sentence.slice(1) : sentence;
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&');
}
