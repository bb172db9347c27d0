/** What a record is about: the noun that names the product, and the category that follows from it. */
import { z } from 'zod';
import { defineWording } from '../../core/wording.ts';
import {
  CATEGORIES,
  lexiconOf,
  type Category,
  type KnownCategory,
  type Language,
  type Lexicon,
  type Noun,
} from '../languages/index.ts';
import { before } from './phrases.ts';

export interface Subject {
  category: Category;
  /** What the product is called; undefined where no word that we know says it. */
  noun: Noun | undefined;
  /**
   * Whether the name itself ends in the noun: `Desk Lamp`, not `iPhone X`, which its description calls a
   * smartphone.
   */
  isNamed: boolean;
}

const hints = defineWording('en/hints', z.partialRecord(z.enum(CATEGORIES).exclude(['unknown']), z.string()));
let hintCategories: Map<string, KnownCategory> | undefined;

// What follows says with what, for whom or where: no longer what.
const AFTER_HEAD: Record<Language, RegExp> = {
  en: /\s(?:with|w\/|for|in|by|from|to|on|at|without)\s/iu,
  de: /\s(?:mit|für|aus|von|in|im|zum|zur|auf|ohne|bei|an)\s/iu,
  fr: /\s(?:avec|pour|sans|par)\s/iu,
  es: /\s(?:con|para|sin|por)\s/iu,
  it: /\s(?:con|per|senza)\s/iu,
  nl: /\s(?:met|voor|van|in|uit|zonder|op|om|bij)\s/iu,
};
/** `Set of mugs` are mugs. */
const AMOUNT =
  /^.*\b(?:set|pack|pair|box|bag|bottle|bunch|piece|type|kind|range|line|series|collection|case|jar|roll|assortment)s? of\s/iu;
/** What a sentence says that it is; up to a comma or what opens another clause. */
const PREDICATE: Record<Language, RegExp> = {
  en: /\b(?:is|are|offers?)\s+(?:(?:an?|the|one of the|premium|another)\s*)?([^,.;:!?()]{2,120})/iu,
  de: /\b(?:ist|sind)\s+(?:ein|eine|der|die|das)\s([^,.;:!?()]{2,120})/iu,
  fr: /\b(?:est|sont)\s+(?:un|une|le|la|les|des)\s([^,.;:!?()]{2,120})/iu,
  es: /\b(?:es|son)\s+(?:un|una|el|la|unos|unas)\s([^,.;:!?()]{2,120})/iu,
  it: /(?:^|\s)(?:è|sono)\s+(?:un|una|uno|il|la|lo|un')\s?([^,.;:!?()]{2,120})/iu,
  nl: /\b(?:is|zijn)\s+(?:een|de|het)\s([^,.;:!?()]{2,120})/iu,
};
const CLAUSE =
  /\s(?:with|for|that|which|featuring|known|designed|inspired|by|in|used|from|suitable|perfect|ideal|made|crafted|to|of|capable|mit|für|die|der|das|aus|avec|pour|qui|con|para|per|que|che|met|voor)\s/iu;
const TOKEN = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'’.-]*/gu;
/**
 * Woods, fruits and the like that name a colour or finish after another noun: `Bedside Table African Cherry`.
 */
const FINISH =
  /^(?:cherry|walnut|oak|plum|rose|coral|cream|mint|peach|orange|lemon|lime|chocolate|coffee|olive|almond|pearl|apple|mango|banana|honey|vanilla|butter|ginger|cocoa|pumpkin|ring|iris|plate|berry|blush|water|story|light|leinen|leder|wolle|seide|samt|eiche|buche|kirsche|nussbaum|linnen|leer|wol|zijde|eiken)$/iu;

/** @param title and description cleaned */
export function readSubject(title: string, name: string, description: string, language: Language): Subject {
  const lexicon = lexiconOf(language);
  const head = before(AFTER_HEAD[language], name);
  const counted = AMOUNT.exec(head)?.[0];
  const words = tokens(counted === undefined ? head.replace(/\sof\s.*$/iu, '') : head.slice(counted.length));
  const named = findHead(lexicon, words);
  const isLast = named?.to === words.length;
  if (named !== undefined && (isLast || !lexicon.isHeadLast))
    return { category: named.noun.category, noun: named.noun, isNamed: true };
  const said = findSaid(lexicon, description, name, language);
  // Of `Charger SXT RWD` the sentence knows better than the word: it is a sedan.
  if (named !== undefined && (said === undefined || said.category === named.noun.category))
    return { category: named.noun.category, noun: named.noun, isNamed: true };
  const noun = said ?? lexicon.find(tokens(title))?.noun;
  if (noun !== undefined) return { category: noun.category, noun, isNamed: false };
  return { category: vote(lexicon, title, description, language), noun: undefined, isNamed: false };
}

function findHead(lexicon: Lexicon, words: readonly string[]): ReturnType<Lexicon['find']> {
  const found = lexicon.find(words);
  if (found === undefined || !lexicon.isHeadLast || !FINISH.test(found.noun.text)) return found;
  const earlier = lexicon.find(words.slice(0, found.from));
  return earlier !== undefined && earlier.noun.category !== found.noun.category ? earlier : found;
}

/** What the first sentence says that the product is, else what it calls it before its verb. */
function findSaid(lexicon: Lexicon, description: string, name: string, language: Language): Noun | undefined {
  const sentence = before(/[.!?]\s/u, description.slice(0, 400));
  const match = PREDICATE[language].exec(sentence);
  if (match === null) return undefined;
  const said = (match[1] ?? '').replace(AMOUNT, '');
  const predicate = lexicon.find(tokens(before(CLAUSE, said)));
  if (predicate !== undefined) return predicate.noun;
  // `The Acme Ingenieur watch is` calls it a watch before its verb.
  const subject = sentence.slice(0, match.index);
  const at = subject.toLowerCase().indexOf(name.toLowerCase());
  return at < 0 ? undefined : lexicon.find(tokens(subject.slice(at + name.length)))?.noun;
}

/** The category whose words the record uses most; `unknown` when it uses none. */
function vote(lexicon: Lexicon, title: string, description: string, language: Language): Category {
  const votes = new Map<KnownCategory, number>();
  const read = (text: string, weight: number): void => {
    for (const word of text.toLowerCase().match(TOKEN) ?? []) {
      const category = lexicon.noun(word)?.category ?? (language === 'en' ? hintOf(word) : undefined);
      if (category !== undefined) votes.set(category, (votes.get(category) ?? 0) + weight);
    }
  };
  read(title, 2);
  read(description, 1);
  let best: Category = 'unknown';
  for (const category of CATEGORIES) {
    if (category === 'unknown') continue;
    const most = best === 'unknown' ? 0 : (votes.get(best) ?? 0);
    if ((votes.get(category) ?? 0) > most) best = category;
  }
  return best;
}

function hintOf(word: string): KnownCategory | undefined {
  if (hintCategories === undefined) {
    hintCategories = new Map();
    for (const [category, words] of Object.entries(hints()))
      for (const hint of words?.split(' ') ?? [])
        if (!hintCategories.has(hint)) hintCategories.set(hint, category as KnownCategory);
  }
  return hintCategories.get(word);
}

function tokens(text: string): string[] {
  return text.match(TOKEN) ?? [];
}
