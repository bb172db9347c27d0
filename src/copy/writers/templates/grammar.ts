/** Rules at work: which can be said of the material at hand, and the text that one gives. */
import { AppError, assertNever } from '../../../core/errors.ts';
import type { Random } from '../../../core/random.ts';
import type { Brief, Phrase, Tone } from '../../brief/index.ts';
import { bit, templateRules, type Kin, type Part, type Rule, type Slot } from './rules.ts';
import { grammarOf, lexiconOf, type Case } from '../../languages/index.ts';
import { emojiOf, vocabularyOf, wordsOf, type CategoryWords, type ToneWords } from './vocabulary.ts';

/** What one text may still say. Facts are struck out as they are used, so that no text repeats itself. */
export interface Material {
  /** Bits of the slots that can be filled now. */
  has: number;
  brief: Brief;
  name: string;
  words: CategoryWords;
  tone: ToneWords;
  random: Random;
  features: Phrase[];
  definitions: Phrase[];
  uses: Phrase[];
  occasions: Phrase[];
  snippets: Phrase[];
  leads: Phrase[];
  traits: Phrase[];
  quotes: Phrase[];
  statements: Phrase[];
  attributes: string[];
  details: string[];
  values: string[];
  makers: string[];
  prices: string[];
  adjectives: string[];
  keywords: string[];
  picks: string[];
  moments: string[];
  /** Whether calls speak of `them`: Lemon is sold as lemons. */
  isMany: boolean;
  /** What the text under way says of the product, in the record's words. */
  said: string[];
  /** Where in a text the last sentence belongs: by its place in the record, then what stands beside it. */
  rank: number;
}

const MANY_FEATURES = bit('feature') | bit('feature2');
const MANY_ADJECTIVES = bit('adjective') | bit('adjective2');
const ALWAYS = bit('pick') | bit('moment') | bit('call') | bit('nudge');
const SENTENCES_OF_TEXT = bit('quote') | bit('statement');
const OF_PRODUCT = bit('name') | bit('theName') | bit('kind') | bit('kindOne');
const ASIDES = bit('emoji') | bit('share');

export function createMaterial(
  brief: Brief,
  name: string,
  tone: Tone,
  random: Random,
  isPost: boolean,
): Material {
  const { phrases } = brief;
  const { tones } = vocabularyOf(brief.language);
  const words = wordsOf(brief);
  const material: Material = {
    has: 0,
    brief,
    name,
    words,
    tone: tones[tone],
    random,
    features: random.shuffle(phrases.features.filter(({ text }) => !endsInWordOf(text, name))),
    // `Boxed Blender, a powerful blender`: its adjectives say it better.
    definitions: random.shuffle(phrases.definitions.filter(({ text }) => !endsInWordOf(text, name))),
    uses: random.shuffle([...phrases.uses]),
    occasions: random.shuffle([...phrases.occasions]),
    snippets: random.shuffle(phrases.snippets.filter(({ text }) => !endsInWordOf(text, name))),
    traits: random.shuffle([...phrases.traits]),
    quotes: random.shuffle([...phrases.quotes]),
    statements: random.shuffle([...phrases.statements]),
    attributes: random.shuffle([...brief.attributes]),
    details: random.shuffle(sayDetails(brief)),
    values: random.shuffle([...brief.values]),
    makers: brief.maker === '' ? [] : [brief.maker],
    prices: brief.price === '' ? [] : [brief.price],
    leads: [...phrases.leads],
    adjectives: random.shuffle([...phrases.adjectives]),
    keywords: random.shuffle([...brief.keywords]),
    picks: random.shuffle([...words.picks]),
    moments: random.shuffle([...words.moments]),
    isMany:
      brief.plural ||
      phrases.leads.some(({ text }) => lexiconOf('en').find(text.split(' '))?.noun.plural === true),
    said: [],
    rank: 0,
  };
  material.has = available(
    material,
    ALWAYS | (isPost ? ASIDES : 0) | (brief.audience === '' ? 0 : bit('audience')),
  );
  return material;
}

/** `Palette with Mirror` needs not be said to have a built-in mirror. */
function endsInWordOf(feature: string, name: string): boolean {
  const last = feature.slice(feature.lastIndexOf(' ') + 1);
  return last.length > 3 && name.toLowerCase().includes(last);
}

/** Nobody meets Cucumber: what is called by its noun alone, or eaten, is not spoken of as of a person. */
function isIntroduced({ article, category, kind, name, language }: Brief): boolean {
  return (
    language !== 'en' || article !== '' || (category !== 'food' && name.toLowerCase() !== kind.toLowerCase())
  );
}

function available(material: Material, kept: number): number {
  let has = kept;
  if (material.name !== '') has |= bit('name') | (isIntroduced(material.brief) ? bit('theName') : 0);
  // Nobody waits for a new onion.
  if (material.brief.kind !== '' && material.brief.category !== 'food')
    has |= bit('kind') | (material.brief.plural ? 0 : bit('kindOne'));
  if (material.features.length > 0) has |= material.features.length > 1 ? MANY_FEATURES : bit('feature');
  if (material.adjectives.length > 0)
    has |= material.adjectives.length > 1 ? MANY_ADJECTIVES : bit('adjective');
  if (material.definitions.length > 0) has |= bit('definition');
  if (material.uses.length > 0) has |= bit('use');
  if (material.occasions.length > 0) has |= bit('occasion');
  if (material.snippets.length > 0) has |= bit('snippet');
  if (material.leads.length > 0) has |= bit('lead');
  if (material.traits.length > 0) has |= bit('trait');
  if (material.quotes.length > 0) has |= bit('quote');
  if (material.statements.length > 0) has |= bit('statement');
  if (material.attributes.length > 0) has |= bit('attribute');
  if (material.details.length > 0) has |= bit('detail');
  if (material.values.length > 0) has |= bit('value');
  if (material.makers.length > 0) has |= bit('maker');
  if (material.prices.length > 0) has |= bit('price');
  if (material.keywords.length > 0) has |= bit('keyword');
  return has;
}

/**
 * How often a wish, and else a fact, is said where one can be; the rest is left to what holds for anything.
 */
export interface Shares {
  wish: number;
  fact: number;
}

const AGAIN = 0.7;

/** A rule whose facts are at hand, one not used before if there is one; undefined when none is possible. */
export function pickRule(
  rules: readonly Rule[],
  material: Material,
  used: ReadonlySet<Rule>,
  shares: Shares,
  takesSpare: boolean,
): Rule | undefined {
  const { random } = material;
  const possible = rules.filter((rule) => (rule.needs & ~material.has) === 0);
  const spare = takesSpare ? possible.filter((rule) => rule.kin === 'spare' && !used.has(rule)) : [];
  const ofProduct = spare.filter(({ needs }) => (needs & OF_PRODUCT) !== 0);
  if (spare.length > 0) return random.pick(ofProduct.length > 0 ? ofProduct : spare);
  // Those of which one rule makes many texts are gone through again.
  const again = takesSpare ? possible.filter(({ kin }) => kin === 'spare') : [];
  if (again.length > 0 && random.chance(AGAIN)) return random.pick(again);
  const order: Kin[] = random.chance(shares.wish) ? ['wish'] : [];
  order.push(
    ...(random.chance(shares.fact) ? (['fact', 'anything'] as const) : (['anything', 'fact'] as const)),
  );
  for (const kin of order) {
    const alike = possible.filter((rule) => rule.kin === kin);
    const fresh = alike.filter((rule) => !used.has(rule));
    if (alike.length > 0) return random.pick(fresh.length > 0 ? fresh : alike);
  }
  return possible.length > 0 ? random.pick(possible) : undefined;
}

const MANY = 100;
/** How often a text ends with a call of its kind of product, where there are such. */
const OWN_CALLS = 0.5;
/** What follows a record's sentences, in order. */
const LATER = [bit('attribute') | bit('detail'), bit('maker'), bit('price')];
const SAYS_NOTHING: ReadonlySet<Slot> = new Set(['pick', 'moment', 'call', 'nudge', 'share', 'emoji']);

/** The rule as text; the facts it used are struck out of `material`. */
export function expandRule(rule: Rule, material: Material): string {
  // Two words stand as in the record: `sweet and juicy`.
  if ((rule.needs & bit('adjective2')) !== 0) {
    const { adjectives } = material.brief.phrases;
    const two = material.adjectives
      .slice(0, 2)
      .toSorted((a, b) => adjectives.indexOf(a) - adjectives.indexOf(b));
    material.adjectives = [...two, ...material.adjectives.slice(2)];
  }
  let out = '';
  const usedPhrases: Phrase[] = [];
  const take = (phrases: Phrase[]): string => {
    const phrase = phrases.shift();
    if (phrase === undefined) throw new AppError('internal', 'a rule was expanded without its facts');
    usedPhrases.push(phrase);
    return phrase.text;
  };
  for (const part of rule.parts) {
    // `Fashion Co.` ends its sentence itself.
    if (part.is === 'text') out += out.endsWith('.') ? part.text.replace(/^\./u, '') : part.text;
    else if (part.is === 'number') out += material.brief.plural ? part.many : part.one;
    else {
      const value =
        part.is === 'phrase'
          ? spell(material.brief, part)
          : part.slot === 'theName'
            ? speakOf(material, part.wordCase)
            : agree(fill(part.slot, material, take), material.isMany);
      if (material.brief.language === 'en' && /^[aeiou]/u.test(value) && /\b[Aa] $/u.test(out))
        out = `${out.slice(0, -1)}n `;
      if (part.is === 'phrase') material.said.push(material.brief.kind);
      else if (!SAYS_NOTHING.has(part.slot))
        material.said.push(part.slot === 'theName' ? material.name : value);
      out += part.capital ? upperFirst(value) : value;
    }
  }
  strikeAdjectives(material, out, (rule.needs & MANY_ADJECTIVES) !== 0);
  material.rank = usedPhrases[0]?.sentence ?? LATER.findIndex((slots) => (rule.needs & slots) !== 0) + MANY;
  if (usedPhrases.length > 0) strike(material, usedPhrases, (rule.needs & SENTENCES_OF_TEXT) !== 0);
  // One emoji is enough for a text.
  const kept = (rule.needs & bit('emoji')) === 0 ? ALWAYS | ASIDES : (ALWAYS | ASIDES) & ~bit('emoji');
  material.has = available(material, material.has & kept);
  return out;
}

function spell(brief: Brief, { determiner, wordCase }: Extract<Part, { is: 'phrase' }>): string {
  const { noun, language } = brief;
  return noun === undefined ? '' : grammarOf(language).phrase(determiner, noun, wordCase);
}

const SET = /^[^,]*[\s-]sets?\b/iu;

/**
 * The name inside a sentence, with its article: `the Desk Lamp`, `die Schreibtischlampe Nord`, `la lampe de
 * bureau Nord`.
 */
function speakOf({ name, brief }: Material, wordCase: Case): string {
  const { noun, language, isNamed } = brief;
  if (language === 'en' || noun === undefined || !isNamed) return brief.article + name;
  const { text } = noun;
  const opens = name.toLowerCase().startsWith(text.toLowerCase());
  // Where the noun comes first, a name that opens otherwise is one of its own.
  if (!opens && !lexiconOf(language).isHeadLast) return name;
  // `De espressokopjes set van 6` has the article of another word.
  if (opens && SET.test(name.slice(text.length))) return name;
  const article = grammarOf(language).phrase('the', noun, wordCase).slice(0, -text.length);
  return article + (opens ? text + name.slice(text.length) : name);
}

function fill(slot: Slot, material: Material, take: (phrases: Phrase[]) => string): string {
  const { random, tone, words, brief } = material;
  switch (slot) {
    case 'name':
      return material.name;
    case 'theName':
      return speakOf(material, 'nom');
    case 'kind':
    case 'kindOne':
      return brief.kind;
    case 'feature':
    case 'feature2':
      return take(material.features);
    case 'definition':
      return take(material.definitions);
    case 'use':
      return take(material.uses);
    case 'occasion':
      return take(material.occasions);
    case 'snippet':
      return take(material.snippets);
    case 'lead':
      return take(material.leads);
    case 'trait':
      return take(material.traits);
    case 'quote':
      return take(material.quotes);
    case 'statement':
      return take(material.statements);
    case 'attribute':
      return material.attributes.shift() ?? '';
    case 'detail':
      return material.details.shift() ?? '';
    case 'value':
      return material.values.shift() ?? '';
    case 'maker':
      return material.makers.shift() ?? '';
    case 'price':
      return material.prices.shift() ?? '';
    case 'adjective':
    case 'adjective2':
      return material.adjectives.shift() ?? '';
    case 'keyword':
      return material.keywords.shift() ?? '';
    case 'audience':
      return brief.audience;
    case 'pick':
      return next(material.picks);
    case 'moment':
      return next(material.moments);
    case 'call':
      return random.pick(words.calls !== undefined && random.chance(OWN_CALLS) ? words.calls : tone.calls);
    case 'nudge':
      return random.pick(tone.nudges);
    case 'share':
      return random.pick(vocabularyOf(brief.language).shares);
    case 'emoji':
      return random.pick(emojiOf(brief));
    default:
      return assertNever(slot);
  }
}

/** Attributes as sentences of the language; of those that no sentence fits, none. */
export function sayDetails({ details, language }: Brief): string[] {
  const sayings = templateRules(language).details;
  return details.map(({ kind, value }) => sayings[kind].replace('{value}', () => value));
}

/** {one|many} in the vocabulary's own words. */
function agree(text: string, plural: boolean): string {
  return text.includes('{')
    ? text.replaceAll(/\{([^{}|]+)\|([^{}|]+)\}/gu, (_, one: string, many: string) => (plural ? many : one))
    : text;
}

/** The first word moves to the end: within one text a word comes back only after all the others. */
function next(words: string[]): string {
  const word = words.shift() ?? '';
  words.push(word);
  return word;
}

/**
 * A quoted sentence says all its phrases, and a phrase says those inside it (`a phone with a bright display`,
 * `a bright display`); a phrase that was used keeps its sentence from being quoted.
 */
function strike(material: Material, used: readonly Phrase[], quoted: boolean): void {
  const elsewhere = (phrase: Phrase): boolean => used.every((other) => other.sentence !== phrase.sentence);
  const unsaid = quoted
    ? elsewhere
    : (phrase: Phrase) => used.every((other) => !overlap(other.text, phrase.text));
  // Sentences follow each other as in the record.
  const last = quoted ? Math.max(...used.map(({ sentence }) => sentence)) : -1;
  material.quotes = material.quotes.filter((phrase) => phrase.sentence > last && elsewhere(phrase));
  material.statements = material.statements.filter(elsewhere);
  material.traits = material.traits.filter(elsewhere);
  material.features = material.features.filter(unsaid);
  material.definitions = material.definitions.filter(unsaid);
  material.uses = material.uses.filter(unsaid);
  material.occasions = material.occasions.filter(unsaid);
  material.snippets = material.snippets.filter(unsaid);
  material.leads = material.leads.filter(quoted ? elsewhere : unsaid);
}

/** A word that was said is not said again, nor a sentence of which such words were the news. */
function strikeAdjectives(material: Material, said: string, areNews: boolean): void {
  const text = said.toLowerCase();
  const gone = material.brief.phrases.adjectives.filter((word) => text.includes(word));
  if (gone.length === 0) return;
  material.adjectives = material.adjectives.filter((word) => !gone.includes(word));
  if (!areNews) return;
  const isNews = (phrase: Phrase): boolean => !gone.every((word) => phrase.text.includes(word));
  material.quotes = material.quotes.filter(isNews);
  material.statements = material.statements.filter(isNews);
  material.definitions = material.definitions.filter(isNews);
}

function overlap(a: string, b: string): boolean {
  return a.includes(b) || b.includes(a);
}

/** A capital first letter, unless the first word has capitals of its own (`iPhone`). */
export function upperFirst(text: string): string {
  return /^\p{Ll}[\p{Ll}\p{N}'’-]*(?:[\s,:.!?]|$)/u.test(text)
    ? text.charAt(0).toUpperCase() + text.slice(1)
    : text;
}
