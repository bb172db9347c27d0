/**
 * The default writer: sentences of the grammar put together for each role, dropped from the least needed on
 * until the field's limit holds.
 */
import { assertNever } from '../../../core/errors.ts';
import { createRandom, type Random } from '../../../core/random.ts';
import { TONES, withoutEmoji, type Brief, type Phrase, type Tone } from '../../brief/index.ts';
import { shorten, toGsm7, wholeSentences, type FieldRole } from '../../channels/index.ts';
import { sameTextKey } from '../../check/index.ts';
import type { FieldRequest, Writer } from '../writer.ts';
import type { Language } from '../../languages/index.ts';
import {
  createMaterial,
  expandRule,
  pickRule,
  sayDetails,
  upperFirst,
  type Material,
  type Shares,
} from './grammar.ts';
import { bit, templateRules, type FragmentKind, type Rule, type SentenceKind } from './rules.ts';

// Sentences of a text in order. `core` stays whatever happens; the others go in the order of `drops` when the
// text is too long.
interface Structure {
  sentences: readonly SentenceKind[];
  core: number;
  drops: readonly number[];
}

// A text opens with what is its product's own: a greeting that fits any product would open every text of a
// catalogue.
const POSTS: readonly Structure[] = [
  { sentences: ['intro', 'detail', 'closer'], core: 0, drops: [2, 1] },
  { sentences: ['intro', 'detail', 'detail'], core: 0, drops: [2, 1] },
  { sentences: ['intro', 'detail'], core: 0, drops: [1] },
  { sentences: ['intro', 'closer'], core: 0, drops: [1] },
];
const LONG_POSTS: readonly Structure[] = [
  { sentences: ['intro', 'detail', 'detail', 'closer'], core: 0, drops: [2, 3, 1] },
  { sentences: ['intro', 'detail', 'closer'], core: 0, drops: [2, 1] },
  { sentences: ['intro', 'detail', 'detail', 'detail', 'closer'], core: 0, drops: [3, 2, 4, 1] },
];
const ADS: readonly Structure[] = [
  { sentences: ['intro', 'closer'], core: 0, drops: [1] },
  { sentences: ['short', 'detail', 'closer'], core: 0, drops: [1, 2] },
  { sentences: ['short', 'closer'], core: 0, drops: [1] },
  { sentences: ['intro', 'detail'], core: 0, drops: [1] },
  { sentences: ['intro'], core: 0, drops: [] },
];
// What a shopper learns stands in the core and the details; an opening may be a mood, and a call to action
// needs no fact.
const SHARES_OF: Record<SentenceKind | FragmentKind, Shares> = {
  intro: { wish: 0.3, fact: 1 },
  detail: { wish: 0.3, fact: 1 },
  closer: { wish: 0.1, fact: 0 },
  bareIntro: { wish: 0.3, fact: 1 },
  short: { wish: 0.3, fact: 0.95 },
  title: { wish: 0.2, fact: 0.9 },
  bullet: { wish: 0, fact: 1 },
  headline: { wish: 0.25, fact: 0.85 },
  subject: { wish: 0.35, fact: 0.8 },
};
/** Roles that are no sentences. */
const FRAGMENTS: ReadonlySet<FieldRole> = new Set(['headline', 'subject', 'title', 'bullet']);
const LONG_AIM = 300;
const ATTEMPTS_PER_TEXT = 6;
const LEAST_ATTEMPTS = 16;
/** Than a field aims at: as much as a text may be without being called long. */
const LONGER = 1.15;
const FEW_SENTENCES = 3;
/** As few bullets as platforms take: what says no fact only fills these. */
const FEWEST_BULLETS = 3;
const PART_OF_SENTENCE = bit('definition') | bit('feature') | bit('use') | bit('occasion');
/** A bullet speaks of its product without saying so. */
const PRONOUN = /^(?:It's|It is|They are|They're|It|They)\s(?=\p{Ll})/u;
/** What may follow a sentence that is whole without it. */
const ASIDE =
  /,\s(?=(?:featuring|with|offering|known|perfect|ideal|great|essential|designed|made|providing|crafted|suitable|adding|ensuring|including|making|enhancing|delivering|packed|equipped|available)\b)|(?<!(?:\b(?:is|are|be|it|them|and|or|not|also)|'s|[.!?]))\s(?=(?:designed|made|crafted|built|suitable|perfect|ideal)\s(?:for|to)\b)|(?<!(?:\b(?:perfect|ideal|great|good|suitable|right|made|designed|built|crafted|used|known|versatile|essential|enough|is|are|tool|accessory|solution|item|addition|container|utensil|way|option|choice)|[.!?]))\s(?=for\s\p{L}+ing\b)/giu;
/** `Meet the Wok. It is a pan` is one sentence. */
const INTRODUCED = /^((?:Meet|Introducing) [^.,]+)\.\s+(?:It is|It's|They are|They're) (?=(?:an?|the)\s)/u;
const WHOLE_SENTENCE = bit('quote') | bit('statement');

/** The default writer; it never fails and never waits. */
export function createTemplateWriter(): Writer & { write(...args: Parameters<Writer['write']>): string[][] } {
  return {
    name: 'templates',
    immediate: true,
    write(brief, fields, { seed, said = {}, unfit = {} }) {
      return fields.map((field) => {
        const known = [...(said[field.name] ?? []), ...(unfit[field.name] ?? [])];
        const before = new Set(known.map(sameTextKey));
        return writeField(brief, field, before, createRandom(seed ^ hashText(field.name)));
      });
    },
  };
}

/** @param before keys of what is not to be said again */
function writeField(
  brief: Brief,
  field: FieldRequest,
  before: ReadonlySet<string>,
  random: Random,
): string[] {
  const tones: Tone[] = brief.tone === undefined ? random.shuffle([...TONES]) : [brief.tone];
  const name = nameFor(brief, field);
  if (field.role === 'listing' || field.role === 'bullet') {
    const material = createMaterial(brief, name, tones[0] ?? 'friendly', random, false);
    // These come in an order of their own: the next ones are behind what was said.
    const wide = { ...field, count: field.count + before.size };
    const texts = field.role === 'listing' ? writeListings(wide, material) : writeBullets(wide, material);
    return texts
      .map((text) => soften(text, field))
      .filter((text) => text !== '' && field.fits(text) && !before.has(sameTextKey(text)))
      .slice(0, field.count);
  }
  const isShort = FRAGMENTS.has(field.role);
  const used = new Set<Rule>();
  const found = new Map<string, string>();
  // What says no more than another, or is longer than readers see, and texts cut inside a sentence, which
  // read as a mistake: they only fill what nothing better does.
  const worse = new Map<string, string>();
  const cut = new Map<string, string>();
  const said = new Set<string>();
  const turns = Math.max((field.count + before.size) * ATTEMPTS_PER_TEXT, LEAST_ATTEMPTS);
  for (let turn = 0; found.size < field.count && turn < turns; turn += 1) {
    const isLate = turn * 2 >= turns;
    if (isLate && found.size + worse.size >= field.count) break;
    const tone = tones[turn % tones.length] ?? 'friendly';
    const isPost = field.role === 'post' && !field.plain && !field.gsm7;
    const material = createMaterial(brief, name, tone, random, isPost);
    const softened = soften(writeOne(field, material, used, isLate), field);
    // A call that has lost its exclamation mark is no sentence either.
    const written = isShort ? softened.replace(/\.$/u, '') : softened;
    const isWhole = field.fits(written);
    const text = isWhole ? written : shortenTo(written, field);
    if (text === '' || !field.fits(text) || (before.size > 0 && before.has(sameTextKey(text)))) continue;
    // `Palette with Mirror with a case` is no title, and no sentence.
    if (saysWithTwice(text, name)) continue;
    const what = isShort ? material.said.map(bareKey).toSorted().join('|') : text;
    const isLong = isShort && text.length > field.aim * LONGER;
    const isCut = !isWhole && wholeSentences(text) !== text;
    const place = isCut
      ? cut
      : isLong || said.has(what) || (!isWhole && text.length < written.length / 2)
        ? worse
        : found;
    if (place === found) said.add(what);
    const key = isShort ? bareKey(text) : text.toLowerCase();
    if (!found.has(key)) place.set(key, text);
  }
  for (const key of found.keys()) worse.delete(key);
  const whole = [...found.values(), ...worse.values()];
  // A text that stops in the middle is worse than one that says less, or than one text fewer.
  return [...(whole.length > 0 || before.size > 0 ? whole : cut.values())].slice(0, field.count);
}

/** Of a text that is one phrase every `with` counts; of sentences, the one that the name has and the next. */
function saysWithTwice(text: string, name: string): boolean {
  const lower = text.toLowerCase();
  return (
    (!/[.!?]/u.test(lower) && lower.split(' with ').length > 2) ||
    (name.includes(' with ') && lower.replace(',', '').includes(`${name.toLowerCase()} with `))
  );
}

/** `A flexible hinge` and `Flexible hinge` say the same. */
function bareKey(text: string): string {
  return text.toLowerCase().replace(/^(?:an?|the)\s/u, '');
}

/** What a shop says of a product in its record's order: all of it, and less where there is more than fits. */
function writeListings(field: FieldRequest, { brief, name }: Material): string[] {
  const { quotes, statements } = brief.phrases;
  const numbers = [...new Set([...quotes, ...statements].map(({ sentence }) => sentence))].toSorted(
    (a, b) => a - b,
  );
  const find = (phrases: readonly Phrase[], number: number): string | undefined =>
    phrases.find(({ sentence }) => sentence === number)?.text;
  const sentences = numbers.map((number, at) => {
    const statement = find(statements, number);
    const quote = find(quotes, number);
    return at === 0
      ? (statement ?? (name === '' ? quote : opened(brief.article + name, quote ?? '')))
      : (quote ?? statement);
  });
  const facts = [...sayDetails(brief), ...brief.labelled.map((attribute) => `${attribute}.`)];
  const all = [...sentences, ...facts].filter((text) => text !== undefined);
  if (sentences.length === 0) all.unshift(name === '' ? '' : `${name}.`);
  const texts = all.map((_, at) =>
    all
      .slice(0, all.length - at)
      .join(' ')
      .trim(),
  );
  const shown = texts.filter((text) => text.length <= field.aim * LONGER);
  return (shown.length > 0 ? shown : texts.slice(-1)).slice(0, field.count);
}

/** `It is round.` as `The Ball is round.`; other sentences after the name. */
function opened(name: string, quote: string): string {
  const spoken = upperFirst(name);
  return /^(?:It|They)\s/u.test(quote) ? quote.replace(/^\S+/u, () => spoken) : `${spoken}. ${quote}`;
}

/** Facts that say nothing twice: whole sentences where there are enough, else what they hold. */
function writeBullets(field: FieldRequest, material: Material): string[] {
  const { quotes, statements } = material.brief.phrases;
  material.quotes = [...quotes];
  material.statements = [...statements];
  const rules = templateRules(material.brief.language).fragments.bullet;
  const isFew = new Set([...quotes, ...statements].map(({ sentence }) => sentence)).size < FEW_SENTENCES;
  const rank = ({ kin, needs }: Rule): number => {
    if (kin !== 'fact') return 3;
    if ((needs & WHOLE_SENTENCE) !== 0) return isFew ? 1 : 0;
    return (needs & PART_OF_SENTENCE) === 0 ? 2 : isFew ? 0 : 1;
  };
  const texts: string[] = [];
  const say = (rule: Rule): void => {
    texts.push(upperFirst(expandRule(rule, material).replace(PRONOUN, '')).replace(/\.$/u, ''));
  };
  const isSayable = ({ needs }: Rule): boolean => texts.length < field.count && (needs & ~material.has) === 0;
  const ranked = rules.toSorted((a, b) => rank(a) - rank(b));
  for (const rule of ranked) {
    while (rule.kin === 'fact' && isSayable(rule)) say(rule);
    if (rule.kin === 'wish' && isSayable(rule)) say(rule);
  }
  // What a long sentence adds after a comma is a fact of its own.
  while (texts.length < Math.min(field.count, FEWEST_BULLETS) && splitFact(texts));
  for (const rule of ranked)
    if (rule.kin === 'anything' && texts.length < FEWEST_BULLETS && isSayable(rule)) say(rule);
  return texts;
}

/** `Bottled water, essential for hikes` as two facts, in place; false where no text can be parted. */
function splitFact(texts: string[]): boolean {
  for (const [at, text] of texts.entries()) {
    const { index = -1 } =
      /,\s(?=(?:perfect|ideal|great|essential|designed|made|crafted|suitable|with|featuring|providing|offering|ensuring|adding)\b)/iu.exec(
        text,
      ) ?? {};
    if (index < 0) continue;
    texts.splice(at, 1, text.slice(0, index), upperFirst(text.slice(index + 2)));
    return true;
  }
  return false;
}

/** The same generic lines for everyone: the last resort when bans or a hostile title leave nothing else. */
export function plainLines(role: FieldRole, language: Language): readonly string[] {
  const lines = templateRules(language).plainLines;
  return FRAGMENTS.has(role) ? lines.short : lines.long;
}

function nameFor(brief: Brief, field: FieldRequest): string {
  const clean = field.plain ? withoutEmoji(brief.name) : brief.name;
  const name = field.plain ? clean.replaceAll(/[!]/gu, '') : clean;
  const share =
    field.role === 'headline' || field.role === 'title' ? 1 : field.role === 'subject' ? 0.75 : 0.5;
  const room = Math.max(12, Math.round(field.aim * share));
  // In a small field half a name says less than what the thing is.
  // A headline takes all that its field does.
  if (share === 1 && name.length <= field.aim * LONGER && field.fits(name)) return name;
  if (name.length > room && share > 0.5 && brief.kind !== '') return '';
  const cut = shorten(name, { fits: (text) => text.length <= room && field.fits(text), sentences: false });
  // `Kaffeepresse 1` has lost its unit.
  const whole = cut === name ? cut : cut.replace(/\s\p{N}[\p{N}.,]*$/u, '');
  return /[\p{L}\p{N}\p{So}]/u.test(whole) ? whole : '';
}

function writeOne(field: FieldRequest, material: Material, used: Set<Rule>, takesSpare: boolean): string {
  switch (field.role) {
    case 'post':
      return writeSentences(field, material, used, field.aim >= LONG_AIM ? LONG_POSTS : POSTS, takesSpare);
    case 'ad':
    case 'description':
    case 'message':
      return writeSentences(field, material, used, ADS, takesSpare);
    case 'headline':
      return titleCase(writeFragment('headline', material, used, takesSpare), material.brief.language);
    case 'title':
      return titleCase(
        writeFragment('title', material, used, takesSpare).replace(/(?<=: )an?\s(?=\p{Ll})/u, ''),
        material.brief.language,
      );
    case 'bullet':
    case 'subject':
      return writeFragment(field.role, material, used, takesSpare);
    case 'listing':
      return '';
    default:
      return assertNever(field.role);
  }
}

function writeFragment(kind: FragmentKind, material: Material, used: Set<Rule>, takesSpare: boolean): string {
  const rule = pickRule(
    templateRules(material.brief.language).fragments[kind],
    material,
    used,
    SHARES_OF[kind],
    takesSpare,
  );
  if (rule === undefined) return '';
  used.add(rule);
  return upperFirst(expandRule(rule, material)).replace(/\.$/u, '');
}

function writeSentences(
  field: FieldRequest,
  material: Material,
  used: Set<Rule>,
  structures: readonly Structure[],
  takesSpare: boolean,
): string {
  const { sentences: kinds, core, drops } = material.random.pick(structures);
  const sentences: (string | undefined)[] = kinds.map(() => undefined);
  const places: { index: number; text: string; rank: number }[] = [];
  // The core first: it has the first choice among the facts.
  for (const index of [core, ...kinds.keys()].filter((place, at) => at === 0 || place !== core)) {
    const kind = kinds[index] ?? 'intro';
    const text = writeSentence(kind, material, used, takesSpare && index === core);
    sentences[index] = text;
    if (kind === 'detail' && text !== undefined) places.push({ index, text, rank: material.rank });
  }
  // Details go on in the record's order; who makes it and what it costs come last.
  const ranked = places.toSorted((a, b) => a.rank - b.rank);
  for (const [at, { index }] of places.entries()) sentences[index] = ranked[at]?.text;
  const isLong = structures === LONG_POSTS;
  const closer = sentences[kinds.indexOf('closer')];
  for (const drop of [undefined, ...drops]) {
    if (drop !== undefined) sentences[drop] = undefined;
    const joined = joinSentences(sentences, core, isLong);
    const text = material.brief.language === 'en' ? joined.replace(INTRODUCED, '$1, ') : joined;
    if (text.length <= field.aim * LONGER && field.fits(text)) return text;
  }
  const last = (sentences[core] ?? '').replace(INTRODUCED, '$1, ');
  if (field.fits(last)) return last;
  for (const { index } of [...last.matchAll(ASIDE)].toReversed()) {
    const text = `${last.slice(0, index)}.`;
    const called = closer === undefined ? text : `${text} ${closer}`;
    if (called.length <= field.aim * LONGER && field.fits(called) && / /u.test(text)) return called;
    if (field.fits(text) && / /u.test(text)) return text;
  }
  return last;
}

function writeSentence(
  kind: SentenceKind,
  material: Material,
  used: Set<Rule>,
  takesSpare: boolean,
): string | undefined {
  const nameless = material.name === '' && (kind === 'intro' || kind === 'short');
  const shown = nameless ? 'bareIntro' : kind;
  const rule = pickRule(
    templateRules(material.brief.language).sentences[shown],
    material,
    used,
    SHARES_OF[shown],
    takesSpare,
  );
  if (rule === undefined) return undefined;
  used.add(rule);
  return expandRule(rule, material);
}

function joinSentences(sentences: readonly (string | undefined)[], core: number, isLong: boolean): string {
  let out = '';
  for (const [index, sentence] of sentences.entries()) {
    if (sentence === undefined || sentence === '') continue;
    const opensParagraph = isLong && (index === core || index === sentences.length - 1);
    out += out === '' ? sentence : (opensParagraph ? '\n\n' : ' ') + sentence;
  }
  return out;
}

/** Without what the field does not take. */
function soften(text: string, field: FieldRequest): string {
  const out = field.gsm7 ? toGsm7(text) : text;
  return field.plain
    ? withoutEmoji(out)
        .replaceAll('¡', '')
        .replaceAll(/[\s\u00a0\u202f]?!/gu, '.')
    : out;
}

function shortenTo(text: string, field: FieldRequest): string {
  return shorten(text, {
    fits: field.fits,
    ellipsis: field.gsm7 || field.plain ? '' : '\u2026',
    maxUnits: field.maxChars * 4,
  });
}

/** After a number: `500 g`. */
const UNIT = /^(?:[kmµ]?g|[cmd]?l|[kcm]?m|in|ft|oz|lbs?|pcs?)[,.:]?$/u;
const SMALL_WORDS = new Set('a an and as at but by for from in of on or the to with'.split(' '));

function titleCase(text: string, language: Language): string {
  if (language !== 'en') return text;
  const words = text.split(' ');
  return words
    .map((word, index) => {
      if (index > 0 && index < words.length - 1 && SMALL_WORDS.has(word)) return word;
      if (UNIT.test(word) && /\d$/u.test(words[index - 1] ?? '')) return word;
      return /^[A-Za-z]\p{Ll}*(?:[-'’]\p{Ll}+)*[,.:?!]?$/u.test(word)
        ? word.replaceAll(/(?<=^|-)[a-z]/gu, (letter) => letter.toUpperCase())
        : word;
    })
    .join(' ');
}

/** FNV-1a over UTF-16 units, 32 bits: a stable seed for a text. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
