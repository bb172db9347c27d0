/** Rules compiled once, when the module loads; expanding one is then a walk over its parts. */
import { AppError, assertNever } from '../../../core/errors.ts';
import type { Random } from '../../../core/random.ts';
import type { Brief, Phrase, Tone } from '../../brief/index.ts';
import { CATEGORY_WORDS, TONE_WORDS, type CategoryWords, type ToneWords } from './words.ts';

const SLOTS = [
  'name',
  'kind',
  'kindOne',
  'thisOne',
  'feature',
  'feature2',
  'definition',
  'use',
  'occasion',
  'adjective',
  'adjective2',
  'quote',
  'audience',
  'keyword',
  'pick',
  'moment',
  'hook',
  'toneHook',
  'call',
  'nudge',
  'emoji',
] as const;
type Slot = (typeof SLOTS)[number];

type Part =
  | { is: 'text'; text: string }
  | { is: 'slot'; slot: Slot; capital: boolean }
  | { is: 'number'; one: string; many: string };

export interface Rule {
  parts: readonly Part[];
  /** One bit for each slot that the rule needs (bit = place in SLOTS). */
  needs: number;
}

function bit(slot: Slot): number {
  return 1 << SLOTS.indexOf(slot);
}

/** @throws AppError `internal` for a slot that does not exist: a fault in the rules, seen when the module loads. */
export function compileRule(source: string): Rule {
  const parts: Part[] = [];
  let needs = 0;
  for (const piece of source.split(/(\{[^}]*\})/u)) {
    const inner = /^\{(.*)\}$/u.exec(piece)?.[1];
    if (inner === undefined) {
      if (piece !== '') parts.push({ is: 'text', text: piece });
    } else if (inner.includes('|')) {
      const [one = '', many = ''] = inner.split('|');
      parts.push({ is: 'number', one, many });
    } else {
      const name = inner.charAt(0).toLowerCase() + inner.slice(1);
      const slot = SLOTS.find((known) => known === name);
      if (slot === undefined)
        throw new AppError('internal', `the rule "${source}" uses the slot {${inner}}, which does not exist`);
      parts.push({ is: 'slot', slot, capital: inner !== name });
      needs |= bit(slot);
    }
  }
  return { parts, needs };
}

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
  quotes: Phrase[];
  adjectives: string[];
  keywords: string[];
  picks: string[];
  moments: string[];
}

const MANY_FEATURES = bit('feature') | bit('feature2');
const MANY_ADJECTIVES = bit('adjective') | bit('adjective2');
const ALWAYS =
  bit('thisOne') | bit('pick') | bit('moment') | bit('hook') | bit('toneHook') | bit('call') | bit('nudge');

export function createMaterial(
  brief: Brief,
  name: string,
  tone: Tone,
  random: Random,
  plain: boolean,
): Material {
  const { phrases } = brief;
  const material: Material = {
    has: 0,
    brief,
    name,
    words: CATEGORY_WORDS[brief.category],
    tone: TONE_WORDS[tone],
    random,
    features: random.shuffle([...phrases.features]),
    definitions: random.shuffle([...phrases.definitions]),
    uses: random.shuffle([...phrases.uses]),
    occasions: random.shuffle([...phrases.occasions]),
    quotes: random.shuffle([...phrases.quotes]),
    adjectives: random.shuffle([...phrases.adjectives]),
    keywords: random.shuffle([...brief.keywords]),
    picks: random.shuffle([...CATEGORY_WORDS[brief.category].picks]),
    moments: random.shuffle([...CATEGORY_WORDS[brief.category].moments]),
  };
  material.has = available(
    material,
    ALWAYS | (plain ? 0 : bit('emoji')) | (brief.audience === '' ? 0 : bit('audience')),
  );
  return material;
}

function available(material: Material, kept: number): number {
  let has = kept;
  if (material.name !== '') has |= bit('name');
  if (material.brief.kind !== '') has |= bit('kind') | (material.brief.plural ? 0 : bit('kindOne'));
  if (material.features.length > 0) has |= material.features.length > 1 ? MANY_FEATURES : bit('feature');
  if (material.adjectives.length > 0)
    has |= material.adjectives.length > 1 ? MANY_ADJECTIVES : bit('adjective');
  if (material.definitions.length > 0) has |= bit('definition');
  if (material.uses.length > 0) has |= bit('use');
  if (material.occasions.length > 0) has |= bit('occasion');
  if (material.quotes.length > 0) has |= bit('quote');
  if (material.keywords.length > 0) has |= bit('keyword');
  return has;
}

/** A rule whose facts are at hand, one not used before if there is one; undefined when none is possible. */
export function pickRule(
  rules: readonly Rule[],
  material: Material,
  used: ReadonlySet<Rule>,
): Rule | undefined {
  let chosen: Rule | undefined;
  let chosenFresh = false;
  let seen = 0;
  for (const rule of rules) {
    if ((rule.needs & ~material.has) !== 0) continue;
    const fresh = !used.has(rule);
    if (chosenFresh && !fresh) continue;
    seen = fresh && !chosenFresh ? 1 : seen + 1;
    if (material.random.below(seen) === 0) chosen = rule;
    chosenFresh ||= fresh;
  }
  return chosen;
}

/** The rule as text; the facts it used are struck out of `material`. */
export function expandRule(rule: Rule, material: Material): string {
  let out = '';
  const usedPhrases: Phrase[] = [];
  const take = (phrases: Phrase[]): string => {
    const phrase = phrases.shift();
    if (phrase === undefined) throw new AppError('internal', 'a rule was expanded without its facts');
    usedPhrases.push(phrase);
    return phrase.text;
  };
  for (const part of rule.parts) {
    if (part.is === 'text') out += part.text;
    else if (part.is === 'number') out += material.brief.plural ? part.many : part.one;
    else {
      const value = fill(part.slot, material, take);
      if (/^[aeiou]/u.test(value) && /\b[Aa] $/u.test(out)) out = `${out.slice(0, -1)}n `;
      out += part.capital ? upperFirst(value) : value;
    }
  }
  if (usedPhrases.length > 0) strike(material, usedPhrases, (rule.needs & bit('quote')) !== 0);
  material.has = available(material, material.has & (ALWAYS | bit('emoji')));
  return out;
}

function fill(slot: Slot, material: Material, take: (phrases: Phrase[]) => string): string {
  const { random, words, tone, brief } = material;
  switch (slot) {
    case 'name':
      return material.name;
    case 'kind':
    case 'kindOne':
      return brief.kind;
    case 'thisOne':
      return brief.kind === ''
        ? `this ${next(material.picks)}`
        : `${brief.plural ? 'these' : 'this'} ${brief.kind}`;
    case 'feature':
    case 'feature2':
      return take(material.features);
    case 'definition':
      return take(material.definitions);
    case 'use':
      return take(material.uses);
    case 'occasion':
      return take(material.occasions);
    case 'quote':
      return take(material.quotes);
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
    case 'hook':
      return random.pick(words.hooks);
    case 'toneHook':
      return random.pick(tone.hooks);
    case 'call':
      return random.pick(tone.calls);
    case 'nudge':
      return random.pick(tone.nudges);
    case 'emoji':
      return random.pick(words.emoji);
    default:
      return assertNever(slot);
  }
}

/** The first word moves to the end: within one text a word comes back only after all the others. */
function next(words: string[]): string {
  const word = words.shift() ?? '';
  words.push(word);
  return word;
}

/**
 * A quoted sentence says all its phrases, and a phrase says those inside it (`a phone with a bright display`, `a bright display`);
 * a phrase that was used keeps its sentence from being quoted.
 */
function strike(material: Material, used: readonly Phrase[], quoted: boolean): void {
  const elsewhere = (phrase: Phrase): boolean => used.every((other) => other.sentence !== phrase.sentence);
  const unsaid = quoted
    ? elsewhere
    : (phrase: Phrase) => used.every((other) => !overlap(other.text, phrase.text));
  material.quotes = material.quotes.filter(elsewhere);
  material.features = material.features.filter(unsaid);
  material.definitions = material.definitions.filter(unsaid);
  material.uses = material.uses.filter(unsaid);
  material.occasions = material.occasions.filter(unsaid);
}

function overlap(a: string, b: string): boolean {
  return a.includes(b) || b.includes(a);
}

/** A capital first letter, unless the first word has capitals of its own (`iPhone`). */
export function upperFirst(text: string): string {
  return /^\p{Ll}[\p{Ll}\p{N}'-]*(?:[\s,:.!?]|$)/u.test(text)
    ? text.charAt(0).toUpperCase() + text.slice(1)
    : text;
}
