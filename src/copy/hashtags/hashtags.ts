/**
 * Hashtags from the record's own words: relevant, distinct, valid everywhere, and in CamelCase so that screen
 * readers say the words.
 */
import { foldText, type Brief } from '../brief/index.ts';
import { lexiconOf, type Language } from '../languages/index.ts';

const MAX_HASHTAG_CHARS = 30;

// Letters, marks, digits and underscore with at least one letter: what X, Instagram, Facebook and LinkedIn
// all accept.
const VALID = /^#(?=.*\p{L})[\p{L}\p{M}\p{N}_]+$/u;

/** Where nothing says what the product is. */
const ANY_PRODUCT: Record<Language, readonly string[]> = {
  en: ['ShoppingFinds', 'WishList', 'WorthALook', 'GoodFinds', 'EverydayFinds'],
  de: ['Fundstück', 'Wunschliste', 'Entdeckt', 'ShoppingTipp', 'Lieblingsstück'],
  fr: ['Trouvaille', 'ListeDEnvies', 'ÀDécouvrir', 'Shopping', 'CoupDeCœur'],
  es: ['Hallazgo', 'ListaDeDeseos', 'Descubre', 'Compras', 'ParaTi'],
  it: ['DaScoprire', 'ListaDesideri', 'Scoperta', 'Shopping', 'PerTe'],
  nl: ['Gevonden', 'Verlanglijst', 'Ontdekt', 'Winkelen', 'VoorJou'],
};
const STOP_WORDS = new Set(
  'a an the and or of for with in on by from to at your my our is are it its this that der die das und mit für aus von le la les de du des et en avec pour el los las y con para il lo gli e di da per het een van met voor d l dell dall all nell'.split(
    ' ',
  ),
);
const NAME_TAG_WORDS = 4;
/** What a tag cannot say: `70 %`, `1,7 l`. */
const MEASURE =
  /(?<!\p{N})\p{N}{1,6}(?:[.,]\p{N}{1,6})?\s?%|(?<!\p{N})\p{N}{1,6}[.,]\p{N}{1,6}(?:\s?\p{L}{1,4}(?!\p{L}))?/gu;
/** One word to people, though a hyphen parts it: `7-in-1`, `USB-C`, `T-Shirt`; `1-2` would read as 12. */
const MODEL =
  /(?<![\p{L}\p{N}])(?:\p{N}+(?:-\p{L}+)+(?:-\p{N}+)?|\p{L}+-\p{L}|\p{L}-\p{L}+|\p{L}+-\p{N}+)(?![-\p{L}\p{N}])/gu;

/**
 * At most `count` tags, each with its `#`, the most specific first: keywords, the product's name, its noun,
 * its words, its category. `refuses` says which tags may not be used (banned words, claims).
 */
export function createHashtags(brief: Brief, count: number, refuses: (tag: string) => boolean): string[] {
  const tags = new Map<string, string>();
  for (const tag of possibleTags(brief)) {
    if (tags.size >= count) break;
    const key = foldText(tag);
    if (isHashtag(tag) && !tags.has(key) && !refuses(tag)) tags.set(key, tag);
  }
  return [...tags.values()];
}

function isHashtag(tag: string): boolean {
  return VALID.test(tag) && tag.length >= 3 && tag.length <= MAX_HASHTAG_CHARS + 1;
}

function* possibleTags(brief: Brief): Generator<string> {
  const { noun, name, kind } = brief;
  for (const keyword of brief.keywords) yield toHashtag(keyword);
  const words = nameWords(name);
  if (words.length > 1 && words.filter((word) => !isSmall(word)).length <= NAME_TAG_WORDS)
    yield toHashtag(words.join(' '));
  const lexicon = lexiconOf(brief.language);
  const groupTags = noun === undefined ? [] : lexicon.tags(noun.group);
  const [first = '', ...others] = groupTags;
  if (kind !== '') {
    yield toHashtag(kind);
    // `#DeskLamp`, then `#Lamp`; a plant is no `#Paper`, so only the head of the noun itself.
    const head = kind.split(' ').at(-1) ?? '';
    if (head !== kind && lexicon.noun(head)?.group === noun?.group) yield toHashtag(head);
  } else yield toHashtag(lexicon.isHeadLast ? lastWord(name) : firstWord(name));
  yield `#${first}`;
  const described = brief.description.toLowerCase();
  const adjective = brief.phrases.adjectives.find((word) => described.includes(`${word} ${kind}`));
  if (kind !== '' && adjective !== undefined) yield toHashtag(`${adjective} ${kind}`);
  if (words.length === 1) yield toHashtag(words.join(''));
  for (const tag of others) yield `#${tag}`;
  for (const tag of ANY_PRODUCT[brief.language]) yield `#${tag}`;
}

/**
 * What a name that holds no known noun ends in (or begins with, where heads come first) says what it is more
 * often than its other words.
 */
function lastWord(name: string): string {
  const word = nameWords(name.split(/\s(?:with|for|in|by|of|from|to|on)\s/iu)[0] ?? '').at(-1) ?? '';
  return /^\p{L}{3,}$/u.test(word) ? word : '';
}

function firstWord(name: string): string {
  const word = nameWords(name)[0] ?? '';
  return /^\p{L}{3,}$/u.test(word) ? word : '';
}

function nameWords(name: string): string[] {
  const whole = name
    .replaceAll(MEASURE, '')
    .replaceAll(/['\u2019](?=s\b)/gu, '')
    .replaceAll(MODEL, (model) => model.replaceAll('-', ''));
  const words = whole.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  // Inside a name small words belong to it: `#LampeDeBureau`.
  const from = words.findIndex((word) => !isSmall(word));
  return from < 0 ? [] : words.slice(from, words.findLastIndex((word) => !isSmall(word)) + 1);
}

function isSmall(word: string): boolean {
  return STOP_WORDS.has(word.toLowerCase());
}

/**
 * `noise cancelling headphones` as `#NoiseCancellingHeadphones`. Two numbers side by side would make a third:
 * such a text gives ''.
 */
export function toHashtag(text: string): string {
  const words =
    text.replaceAll(/['\u2019]|[\ufe00-\ufe0f]/gu, '').match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu) ?? [];
  let tag = '#';
  for (const word of words) {
    if (/\p{N}$/u.test(tag) && /^\p{N}/u.test(word)) return '';
    tag += camel(word);
  }
  return tag === '#' ? '' : tag;
}

function camel(word: string): string {
  // A word that has its own capitals keeps them, except an all-capital word of five letters or more: LED
  // stays, HEADPHONES does not.
  const body = /^[A-Z]{5,}$/u.test(word) ? word.toLowerCase() : word;
  const first = String.fromCodePoint(body.codePointAt(0) ?? 0);
  return /\p{Ll}/u.test(first) && !/\p{Lu}/u.test(body)
    ? first.toUpperCase() + body.slice(first.length)
    : body;
}
