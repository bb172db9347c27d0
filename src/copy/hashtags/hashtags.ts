/**
 * Hashtags from the record's own words: relevant, distinct, valid everywhere, and in CamelCase so that screen
 * readers say the words.
 */
import { foldText, nounCategory, type Brief, type Category } from '../brief/index.ts';

export const MAX_HASHTAG_CHARS = 30;

// Letters, marks, digits and underscore with at least one letter: what X, Instagram, Facebook and LinkedIn
// all accept.
const VALID = /^#(?=.*\p{L})[\p{L}\p{M}\p{N}_]+$/u;

const CATEGORY_TAGS: Record<Category, readonly string[]> = {
  electronics: ['TechFinds', 'Gadgets', 'TechLife', 'Electronics', 'DeskSetup'],
  fashion: ['StyleInspo', 'OutfitIdeas', 'Fashion', 'WardrobeNotes', 'StyleFinds'],
  home: ['HomeFinds', 'HomeLiving', 'AtHome', 'HomeIdeas', 'EverydayHome'],
  food: ['FoodLovers', 'GroceryHaul', 'InTheKitchen', 'FoodFinds', 'EatWell'],
  motors: ['RoadTrip', 'OnTheRoad', 'DriveTime', 'CarLovers', 'OpenRoad'],
  sports: ['GameDay', 'TrainingDay', 'SportsGear', 'ActiveLife', 'PlayHard'],
  beauty: ['BeautyFinds', 'BeautyRoutine', 'SelfCare', 'Beauty', 'GlamTime'],
  toys: ['Playtime', 'ToyBox', 'FamilyFun', 'PlayIdeas', 'ToyFinds'],
  books: ['BookLovers', 'ReadingList', 'ReadingTime', 'Bookshelf', 'NowReading'],
  health: ['Wellness', 'SelfCare', 'HealthyHabits', 'DailyRoutine', 'WellnessFinds'],
  unknown: ['ShoppingFinds', 'WishList', 'WorthALook', 'GoodFinds', 'EverydayFinds'],
};
const STOP_WORDS = new Set(
  'a an the and or of for with in on by from to at your my our is are it its this that mens womens s'.split(
    ' ',
  ),
);
const NAME_TAG_WORDS = 4;

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

export function isHashtag(tag: string): boolean {
  return VALID.test(tag) && tag.length >= 3 && tag.length <= MAX_HASHTAG_CHARS + 1;
}

function* possibleTags(brief: Brief): Generator<string> {
  for (const keyword of brief.keywords) yield toHashtag(keyword);
  const words = nameWords(brief.name);
  if (words.length > 1 && words.length <= NAME_TAG_WORDS) yield toHashtag(words.join(' '));
  if (brief.kind !== '') yield toHashtag(brief.kind);
  const [first, second] = CATEGORY_TAGS[brief.category];
  yield `#${first}`;
  const adjective = brief.phrases.adjectives[0];
  if (brief.kind !== '' && adjective !== undefined) yield toHashtag(`${adjective} ${brief.kind}`);
  // A word of the name that is a product noun says what it is; any other would be as often a colour as a
  // brand.
  for (const word of words)
    if (word.length > 3 && nounCategory(word.toLowerCase()) !== undefined) yield toHashtag(word);
  yield `#${second}`;
  if (words.length === 1) yield toHashtag(words.join(''));
  for (const tag of CATEGORY_TAGS[brief.category]) yield `#${tag}`;
  for (const tag of CATEGORY_TAGS.unknown) yield `#${tag}`;
}

function nameWords(name: string): string[] {
  const words = name.replaceAll(/['\u2019](?=s\b)/gu, '').match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word.toLowerCase()));
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
