/**
 * Phrases of a description that copy may repeat as they stand: what the product is, what it has, what it
 * does, what it suits. Nothing is invented here; a sentence in the first person, with a negation or with a
 * complaint gives no phrase.
 */
import { stripEnd } from '../../core/strip-end.ts';
import { lexiconOf, type Language } from '../languages/index.ts';
import { isUsable, readQuote, splitSentences, type Phrase } from './quotes.ts';

export interface Phrases {
  /** What it is, with its article: `a finely milled setting powder`. */
  definitions: Phrase[];
  /** What it has: `a smooth and matte finish`. */
  features: Phrase[];
  /** What it has, as its own: `its sharp blade and ergonomic handle`. */
  traits: Phrase[];
  /** What it does, as an infinitive without `to`: `control shine`. */
  uses: Phrase[];
  /** What it suits: `everyday wear`. */
  occasions: Phrase[];
  /** What it is or has in a few words, without an article: `smooth and matte finish`. */
  snippets: Phrase[];
  /** What a description without a verb calls it: `zesty and tangy lemons`. */
  leads: Phrase[];
  /** Describing words: `lightweight`. */
  adjectives: string[];
  /** Whole sentences, with their full stop, that can follow one that names the product. */
  quotes: Phrase[];
  /** Whole sentences that name the product. */
  statements: Phrase[];
}

// oxlint-disable regexp/no-super-linear-backtracking -- `isUsable` lets through sentences of at most 400
// units. Where a phrase stops: punctuation, or a word that opens another clause.
const STOP =
  "(?=\\s*(?:[.;:!?()]|$|,\\s|\\s[-\\u2013\\u2014]\\s|\\b(?:that|which|who|known for|making|makes?|while|so|because|as well as|ensuring|allowing|perfect|ideal|suitable|when|if|it|it's|they|you|and (?:is|are|it|has|can|will|offers|provides|makes|serves|comes|features|gives|keeps|adds|includes|delivers|brings|helps|allows|lets))\\b))";
const BODY = '[a-z][^.,;:!?()]*?(?:(?:,\\s[^.,;:!?()]{2,32}){0,3},\\s?(?:and|or|&)\\s[^.,;:!?()]{2,40}?)?';

const HAS = new RegExp(
  `\\b(?:features?|featuring|offers?|offering|provides?|providing|delivers?|delivering|includes?|including|comes? with|equipped with|brings?|showcases?|boasts?|known for|(?<=^|\\b(?:is|are)\\sa[^.,;:]{0,80}\\s)with|enjoy|experience)\\s+((?:an?\\s|the\\s)?${BODY})${STOP}`,
  'giu',
);
const IS = new RegExp(`\\b(?:is|are)\\s+(an?\\s${BODY})${STOP}`, 'iu');
const LEADING_DEFINITION = new RegExp(`^((?:an?\\s)?[a-z][\\w'-]*(?:\\s[\\w'-]+){1,5}?)${STOP}`, 'iu');
const DOES = new RegExp(`\\b(?:designed|made|built|crafted)\\s+to\\s+(${BODY})${STOP}`, 'giu');
const SUITS = new RegExp(
  `\\b(?:perfect|ideal|great|suitable|suited|designed|made|built|good|option|choice|staple)\\s+for\\s+(${BODY})${STOP}`,
  'giu',
);
const OWNS =
  /\b((?:its|their)\s[a-z][^.,;:!?()]*?)\s+(?:makes?|adds?|gives?|ensures?|provides?|offers?|keeps?|creates?|allows?)\b/giu;

// oxlint-enable regexp/no-super-linear-backtracking

const ADJECTIVES = new Set(
  'adjustable aromatic bold bright breathable classic clean comfortable compact convenient cozy creamy crisp crunchy decorative delicate delicious durable dynamic efficient elegant ergonomic everyday flavorful flexible floral foldable fresh fruity fun functional gentle glossy graceful handy high-performance high-quality hydrating iconic immersive innovative intuitive juicy lightweight long-lasting luxurious matte minimalist modern nutritious playful portable powerful practical precise premium professional protective radiant refreshing reliable responsive rich roomy rugged sharp silky sleek slim smart smooth soft soothing spacious stackable sturdy stylish supportive sweet tender timeless trendy unique user-friendly vibrant versatile vivid warm washable wireless cordless rechargeable'.split(
    ' ',
  ),
);

const ELSEWHERE =
  /,|\b(?:for|to|of|in|on|with|when|while|ensuring|making|providing|adding|enhancing|featuring|known|designed|made|that|which)\b/u;
const SAYS = /^(?:the\s|this\s|these\s)?(?:[\p{L}\p{N}&'’.-]+\s){1,8}?(?:is|are)\s/u;
const HAS_VERB =
  /\b(?:is|are|has|have|will|can|offers?|provides?|features?|comes?|makes?|delivers?|gives?|brings?)\b/u;

const HYPHENATED = /[a-z]+(?:-[a-z]+)*/gu;

const MAX_PHRASES = 6;
const MAX_WORDS = 14;
const MAX_UNITS = 90;

export const NO_PHRASES: Phrases = {
  definitions: [],
  features: [],
  traits: [],
  uses: [],
  occasions: [],
  snippets: [],
  leads: [],
  adjectives: [],
  quotes: [],
  statements: [],
};

/**
 * Reads a cleaned description; `product` is how it names itself. Cost grows with its first twelve sentences
 * only.
 */
export function extractPhrases(
  description: string,
  product: { name: string; title?: string; plural: boolean; language?: Language },
): Phrases {
  const { language = 'en' } = product;
  const found: Phrases = {
    definitions: [],
    features: [],
    traits: [],
    uses: [],
    occasions: [],
    snippets: [],
    leads: [],
    adjectives: [],
    quotes: [],
    statements: [],
  };
  for (const [number, sentence] of [...new Set(splitSentences(description))].entries()) {
    if (!isUsable(sentence, language)) continue;
    const { quote, statement } = readQuote(sentence, number, product);
    if (quote !== undefined) found.quotes.push(quote);
    if (statement !== undefined) found.statements.push(statement);
    if (number === 0 && language === 'en' && statement !== undefined) collectLead(found.leads, statement);
    if (number === 0 && language !== 'en') {
      collectForeignLead(found.leads, sentence, language);
      // What opens with the noun says itself what it is about: `Die Lampe: Lampe aus Holz` says it twice.
      if (found.leads.length > 0) found.statements.push(...found.quotes.splice(0));
    }
    // Parts of a sentence are known by English words; in other languages sentences are taken whole.
    if (language !== 'en') continue;
    collect(
      found.definitions,
      IS.exec(sentence)?.[1] ?? (number === 0 ? leadingDefinition(sentence) : undefined),
      number,
    );
    for (const phrase of findPhrases(HAS, sentence)) {
      const owned = /^(?:its|their)\s/iu.test(phrase);
      if (owned) collectTrait(found.traits, phrase, number, product.plural);
      else if (!A_WAY.test(phrase)) collect(found.features, phrase, number);
    }
    for (const phrase of findPhrases(DOES, sentence)) collect(found.uses, phrase, number);
    for (const phrase of findPhrases(SUITS, sentence))
      collect(found.occasions, TAKES_ANOTHER.test(phrase) ? phrase : before(ANOTHER, phrase), number);
    for (const phrase of findPhrases(OWNS, sentence))
      collectTrait(found.traits, phrase, number, product.plural);
    const own = ownWords(sentence, number === 0);
    for (const word of own.match(HYPHENATED) ?? []) {
      if (ADJECTIVES.has(word) && !found.adjectives.includes(word)) found.adjectives.push(word);
    }
  }
  for (const phrase of [...found.features, ...found.definitions]) collectSnippet(found.snippets, phrase);
  return found;
}

const MAX_LEAD = 48;

function collectLead(list: Phrase[], { text, sentence }: Phrase): void {
  if (!OPENING.test(text) || HAS_VERB.test(text)) return;
  const lead = stripEnd(before(MORE_OR_COMMA, lowerFirst(text)), /[\s.,]/u);
  const words = lead.split(' ').length;
  if (words > 1 && words < 8 && lead.length <= MAX_LEAD) list.push({ text: lead, sentence });
}

const ARTICLE =
  /^(?:de[rmns]|die|das|eine?[nmrs]?|les?|la|l['’].*|une?|des|el|los|las|un[ao]s?|il|lo|gli|i|het|een|mit|avec|con|met|ce(?:tte|s)?|cet|est[ae]s?|quest[aeio]|di(?:e|t)|deze|dies\p{L}+)$/iu;
const FOREIGN_MORE =
  /,|\s(?:mit|für|zum|zur|ohne|und|bis|ab|avec|pour|sans|et|à\snouer|con|para|sin|y|apta|apto|per|senza|e|dalla|dal|met|voor|zonder|en\smet|vanaf|que|qui|che|die|der|das|dat|met)\s/iu;
/** What may follow a German or Dutch noun that no verb follows. */
const OF_WHAT = /^(?:aus|im|in|von|vom|van|uit|der|des)$/iu;

/** `Bettwäsche aus reinem Leinen, vorgewaschen`: a sentence that opens with its noun and no article. */
function collectForeignLead(list: Phrase[], sentence: string, language: Language): void {
  const lead = stripEnd(before(FOREIGN_MORE, sentence), /[\s.,]/u);
  const said = lead.split(' ');
  if (said.length < 2 || said.length > 7 || lead.length > MAX_LEAD || ARTICLE.test(said[0] ?? '')) return;
  const lexicon = lexiconOf(language);
  const at = said.findIndex((word, place) => place < 3 && lexicon.noun(word) !== undefined);
  const after = said[at + 1];
  if (at < 0 || (lexicon.isHeadLast && after !== undefined && !OF_WHAT.test(after))) return;
  // `Sac à dos` alone says no more than the noun.
  if (!lexicon.isHeadLast && lexicon.find(said)?.noun.text.length === lead.length) return;
  list.push({ text: lead, sentence: 0 });
}

const OPENING =
  /^(?:\p{L}[\p{L}'’-]*\s){1,6}\p{L}[\p{L}'’-]*(?:[,.]|\s(?:for|suitable|perfect|ideal|designed|made)\b)/u;
const MORE_OR_COMMA = /,|\s(?:for|suitable|perfect|ideal|designed|made|available|that|to)\s/u;
const DETERMINER = /^(?:an?|the|some|various|several|many|all)\s/u;
/** What follows says for what, with what or where: a few words do without it. */
const MORE =
  /,?\s(?:for|to|that|with|at|from|in|on|by|as|made|designed|suitable|perfect|ideal|among|into|without|inspired|crafted|when|during|such|like|used|known|capable|featuring|offering)\s/u;
/** A touch, a range or a choice says nothing without what it is of. */
const HOLLOW =
  /\b(?:addition|choice|option|way|solution|touch|range|variety|selection|look|set|combination|blend|source|kind|part|experience|item|product|piece|staple|tool|pop|sense|place|model|version|companion|classic|favorite|favourite|hit|must-have|notes)$/iu;
/** A product offers it, but nothing comes with it: `with a convenient way to charge your phone`. */
const A_WAY =
  /^(?:an?\s|the\s)?(?:[\w-]+,?\s(?:and\s)?){0,3}?(?:(?:ways?|solution|option|choice|addition|alternative|means|method|opportunity|chance)\s(?:to|for)|focus\son|(?:history|reputation)$)\b/iu;
/** `A staple for various cuisines and a base for many dishes` is two things: it is not for a base. */
const ANOTHER = /\sand\san?\s/iu;
/** `An office and a studio`, `adding volume and a soft shine`. */
const TAKES_ANOTHER = /^(?:an?|\p{L}+ing)\s/iu;
const MAX_SNIPPET = 28;

function collectSnippet(list: Phrase[], { text, sentence }: Phrase): void {
  const snippet = before(MORE, text.replace(DETERMINER, ''));
  const words = snippet.split(' ').length;
  if (words < 2 || words > 5 || snippet.length > MAX_SNIPPET) return;
  if (/\sof$|\sof\s|,|\b(?:and|or|its|their|your)$/u.test(snippet) || HOLLOW.test(snippet)) return;
  if (!list.some((phrase) => phrase.text === snippet)) list.push({ text: snippet, sentence });
}

/**
 * Where adjectives speak of the product itself: what it is said to be, or how a sentence without a verb
 * opens. The display of a phone may be vivid and its history rich.
 */
function ownWords(sentence: string, isFirst: boolean): string {
  const lower = sentence.toLowerCase();
  const verb = SAYS.exec(lower);
  if (verb === null) return isFirst && !HAS_VERB.test(lower) ? before(ELSEWHERE, lower) : '';
  return before(ELSEWHERE, lower.slice(verb.index + verb[0].length));
}

/**
 * The first group of every match. `matchAll` copies its pattern at each call, which costs more than searching
 * a sentence does.
 */
function findPhrases(pattern: RegExp, sentence: string): string[] {
  const phrases: string[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(sentence); match !== null; match = pattern.exec(sentence))
    // `Features for users who demand more` are not for all users.
    if (!sentence.startsWith('who ', pattern.lastIndex + 1)) phrases.push(match[1] ?? '');
  return phrases;
}

/** `text` up to the first match, all of it where there is none. */
export function before(pattern: RegExp, text: string): string {
  const at = text.search(pattern);
  return at < 0 ? text : text.slice(0, at);
}

/** `Versatile cooking oil suitable for frying` opens without a verb: what comes first is what it is. */
function leadingDefinition(sentence: string): string | undefined {
  const text = LEADING_DEFINITION.exec(sentence)?.[1];
  if (text === undefined || /^(?:the|this|these|it|with|your|discover|meet|enjoy|experience)\b/iu.test(text))
    return undefined;
  if (/\b(?:is|are|has|have|will|can|offers?|provides?|features?|was|were)\b/iu.test(text)) return undefined;
  return /^an?\s/iu.test(text) ? text : undefined;
}

function collect(list: Phrase[], raw: string | undefined, sentence: number): void {
  if (raw === undefined || list.length >= MAX_PHRASES) return;
  const bare = stripEnd(raw.replace(/^(?:both|also|its|their|only)\s+/iu, ''), /[\s,'"]/u);
  const text = lowerFirst(bare).replace(/^a (?=[aio])/u, 'an ');
  const words = text.split(' ').length;
  if (words < 2 || words > MAX_WORDS || text.length > MAX_UNITS) return;
  if (
    /^(?:and|or|the|this|these|that|those|every|each|been|to|being|in|on|for|of|at|by|from|features?|you|your)\b/iu.test(
      text,
    )
  )
    return;
  if (
    /\b(?:and|or|with|for|of|to|in|a|an|the|by|from|into|its|their|your|on|at|is|are|has|have|while|other)$/iu.test(
      text,
    )
  )
    return;
  if (/\b(?:is|are|was|were|has|have|it|they|its|their|strikes|proves|feels)\b|["\u201c\u201d]/iu.test(text))
    return;
  if (list.some((phrase) => phrase.text === text || phrase.text.includes(text) || text.includes(phrase.text)))
    return;
  list.push({ text, sentence });
}

function collectTrait(list: Phrase[], raw: string, sentence: number, plural: boolean): void {
  const text = stripEnd(raw.charAt(0).toLowerCase() + raw.slice(1), /[\s,'"]/u);
  // "Their" of one thing speaks of a series or of somebody else.
  if (text.startsWith('their ') !== plural) return;
  const words = text.split(' ').length;
  if (list.length >= MAX_PHRASES || words < 3 || words > 12) return;
  if (/\b(?:is|are|was|were|has|have|it|they|you|that|which)\b/iu.test(text)) return;
  list.push({ text, sentence });
}

/** Lower-cases an opening capital, but not that of an acronym or a name such as `iPhone` or `LED`. */
function lowerFirst(text: string): string {
  return /^\p{Lu}\p{Ll}+(?:\s|$|-)|^A\s/u.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
