/**
 * The default writer: sentences of the grammar put together for each role, dropped from the least needed on
 * until the field's limit holds.
 */
import { assertNever } from '../../../core/errors.ts';
import { createRandom, type Random } from '../../../core/random.ts';
import { TONES, withoutEmoji, type Brief, type Tone } from '../../brief/index.ts';
import { shorten, toGsm7, wholeSentences, type FieldRole } from '../../channels/index.ts';
import type { FieldRequest, Writer } from '../writer.ts';
import type { Language } from '../../languages/index.ts';
import { createMaterial, expandRule, pickRule, upperFirst, type Material, type Shares } from './grammar.ts';
import { templateRules, type FragmentKind, type Rule, type SentenceKind } from './rules.ts';

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
const LISTINGS: readonly Structure[] = [
  {
    sentences: ['opening', 'fact', 'fact', 'fact', 'fact', 'fact', 'fact'],
    core: 0,
    drops: [6, 5, 4, 3, 2, 1],
  },
  { sentences: ['opening', 'fact', 'fact', 'fact'], core: 0, drops: [3, 2, 1] },
];
// What a shopper learns stands in the core and the details; an opening may be a mood, and a call to action
// needs no fact.
const SHARES_OF: Record<SentenceKind | FragmentKind, Shares> = {
  intro: { wish: 0.3, fact: 0.96 },
  detail: { wish: 0.3, fact: 1 },
  closer: { wish: 0.1, fact: 0 },
  bareIntro: { wish: 0.3, fact: 1 },
  short: { wish: 0.3, fact: 0.85 },
  opening: { wish: 0, fact: 1 },
  fact: { wish: 0, fact: 1 },
  title: { wish: 0.2, fact: 0.9 },
  bullet: { wish: 0.1, fact: 1 },
  headline: { wish: 0.25, fact: 0.75 },
  subject: { wish: 0.35, fact: 0.8 },
};
/** Roles that are no sentences. */
const FRAGMENTS: ReadonlySet<FieldRole> = new Set(['headline', 'subject', 'title', 'bullet']);
const LONG_AIM = 300;
const ATTEMPTS_PER_TEXT = 6;

/** The default writer; it never fails and never waits. */
export function createTemplateWriter(): Writer & { write(...args: Parameters<Writer['write']>): string[][] } {
  return {
    name: 'templates',
    immediate: true,
    write(brief, fields, { seed }) {
      return fields.map((field) => writeField(brief, field, createRandom(seed ^ hashText(field.name))));
    },
  };
}

function writeField(brief: Brief, field: FieldRequest, random: Random): string[] {
  const tones: Tone[] = brief.tone === undefined ? random.shuffle([...TONES]) : [brief.tone];
  const name = nameFor(brief, field);
  const used = new Set<Rule>();
  const found = new Map<string, string>();
  // Texts that had to be cut inside a sentence: they read as a mistake, so they only fill what nothing else
  // does.
  const cut = new Map<string, string>();
  for (let attempt = 0; found.size < field.count && attempt < field.count * ATTEMPTS_PER_TEXT; attempt += 1) {
    const tone = tones[attempt % tones.length] ?? 'friendly';
    const material = createMaterial(
      brief,
      name,
      tone,
      random,
      field.role === 'post' && !field.plain && !field.gsm7,
    );
    const written = soften(writeOne(field, material, used), field);
    const isWhole = field.fits(written);
    const text = isWhole ? written : shortenTo(written, field);
    if (text === '' || !field.fits(text)) continue;
    (isWhole || wholeSentences(text) === text ? found : cut).set(text.toLowerCase(), text);
  }
  // A headline that stops in the middle is worse than one that says less.
  const isShort = FRAGMENTS.has(field.role);
  const others = isShort && found.size > 0 ? [] : cut.values();
  return [...found.values(), ...others].slice(0, field.count);
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
  if (name.length > room && share > 0.5 && brief.kind !== '') return '';
  const cut = shorten(name, { fits: (text) => text.length <= room && field.fits(text), sentences: false });
  return /[\p{L}\p{N}\p{So}]/u.test(cut) ? cut : '';
}

function writeOne(field: FieldRequest, material: Material, used: Set<Rule>): string {
  switch (field.role) {
    case 'post':
      return writeSentences(field, material, used, field.aim >= LONG_AIM ? LONG_POSTS : POSTS);
    case 'ad':
    case 'description':
    case 'message':
      return writeSentences(field, material, used, ADS);
    case 'headline':
      return titleCase(writeFragment('headline', material, used), material.brief.language);
    case 'title':
    case 'bullet':
      return writeFragment(field.role, material, used);
    case 'listing':
      return writeSentences(field, material, used, LISTINGS);
    case 'subject':
      return writeFragment('subject', material, used);
    default:
      return assertNever(field.role);
  }
}

function writeFragment(kind: FragmentKind, material: Material, used: Set<Rule>): string {
  const rule = pickRule(
    templateRules(material.brief.language).fragments[kind],
    material,
    used,
    SHARES_OF[kind],
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
): string {
  const { sentences: kinds, core, drops } = material.random.pick(structures);
  const sentences: (string | undefined)[] = kinds.map(() => undefined);
  // The core first: it has the first choice among the facts.
  for (const index of [core, ...kinds.keys()].filter((place, at) => at === 0 || place !== core)) {
    const kind = kinds[index] ?? 'intro';
    sentences[index] = writeSentence(kind, material, used);
  }
  const isLong = structures === LONG_POSTS;
  for (const drop of [undefined, ...drops]) {
    if (drop !== undefined) sentences[drop] = undefined;
    const text = joinSentences(sentences, core, isLong);
    if (text.length <= field.aim * 1.15 && field.fits(text)) return text;
  }
  return sentences[core] ?? '';
}

function writeSentence(kind: SentenceKind, material: Material, used: Set<Rule>): string | undefined {
  const nameless = material.name === '' && (kind === 'intro' || kind === 'short' || kind === 'opening');
  const shown = nameless ? 'bareIntro' : kind;
  const rule = pickRule(
    templateRules(material.brief.language).sentences[shown],
    material,
    used,
    SHARES_OF[shown],
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

const SMALL_WORDS = new Set('a an and as at but by for from in of on or the to with'.split(' '));

function titleCase(text: string, language: Language): string {
  if (language !== 'en') return text;
  const words = text.split(' ');
  return words
    .map((word, index) => {
      if (index > 0 && index < words.length - 1 && SMALL_WORDS.has(word)) return word;
      return /^[A-Za-z][a-z]*(?:[-'][a-z]+)*[,.:?]?$/u.test(word)
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
