/**
 * The rules of a brand, held against every text like a channel's limits. What can be put right without
 * changing what a text says is put right first; the rest is refused.
 */
import { foldText, withoutEmoji } from '../brief/index.ts';
import { createBannedWords, type BannedWords, type Finding } from '../check/index.ts';
import { findPronoun } from './pronouns.ts';
import type { BrandProfile, BrandRuleSet } from './profile.ts';

/** The field that a text is for. */
export interface RuledField {
  /** `ad_copy`, `x.text`. */
  name: string;
  role: string;
  /** Absent for the two fields that every answer has. */
  channel: string | undefined;
}

/** What of the product decides whether a rule holds. */
export interface RuledRecord {
  title: string;
  /** Everything submitted: words that stand there in capitals may do so in a text. */
  words: ReadonlySet<string>;
  /** Of the texts: `en`. */
  language: string;
}

export interface FieldRules {
  /** Put after each text and counted with it: '' or ` ` and the disclaimers. */
  suffix: string;
  /** UTF-16 units that `mend` may add to a text. */
  room: number;
  /** What needs no ban, no emoji and no exclamation mark spares writers the refusals. */
  plain: boolean;
  banned: BannedWords;
  /** The text as the brand would have it: its words, marks and phrases. */
  mend(text: string, record: RuledRecord): string;
  check(text: string, record: RuledRecord): Finding | undefined;
}

/** Roles whose texts are whole sentences: what every text must hold belongs to these. */
const SENTENCE_ROLES = new Set(['post', 'ad', 'message']);
const HEADLINE_ROLES = new Set(['headline', 'subject']);
const EMOJI =
  /\p{Extended_Pictographic}(?:\ufe0f|\u200d\p{Extended_Pictographic})*|\p{Regional_Indicator}{2}/gu;
const SENTENCE_END = /[.!?\u2026:](?=\s|$)|\n/u;
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'\u2019-]*/gu;
const SMALL_WORDS = new Set('a an and as at but by for from in of on or the to with'.split(' '));

/** What of the rules holds for one channel: its deviations in place of the brand's own. */
export function rulesOf(profile: BrandProfile, channel: string | undefined): BrandRuleSet {
  const deviation = channel === undefined ? undefined : profile.channels[channel];
  return { ...profile, ...deviation };
}

/** Everything that a brand itself says in its rules: texts may say it too, whatever the record holds. */
export function listOwnWords(profile: BrandProfile): string[] {
  return [undefined, ...Object.keys(profile.channels)].flatMap((channel) => {
    const { vocabulary = [], requiredPhrases = [], disclaimers = [] } = rulesOf(profile, channel);
    return [
      ...vocabulary.flatMap(({ say }) => (say === undefined ? [] : [say])),
      ...[...requiredPhrases, ...disclaimers].map(({ text }) => text),
    ];
  });
}

/** The rules of each field; those of a channel are made once. */
export function createBrandRules(profile: BrandProfile): (field: RuledField) => FieldRules {
  const known = new Map<string, FieldRules>();
  return (field) => {
    const key = `${field.channel ?? ''}\0${field.name}`;
    let rules = known.get(key);
    if (rules === undefined) {
      rules = createFieldRules(rulesOf(profile, field.channel), field);
      known.set(key, rules);
    }
    return rules;
  };
}

function createFieldRules(rules: BrandRuleSet, field: RuledField): FieldRules {
  const { vocabulary = [], bannedPhrases = [], punctuation, maxEmoji } = rules;
  const isMeant = ({ fields }: { fields?: readonly string[] | undefined }): boolean =>
    fields === undefined
      ? SENTENCE_ROLES.has(field.role)
      : fields.includes(field.name) || (field.channel !== undefined && fields.includes(field.channel));
  const required = (rules.requiredPhrases ?? []).filter(isMeant).map(({ text }) => text);
  const disclaimers = (rules.disclaimers ?? []).filter(isMeant).map(({ text }) => ` ${text}`);
  const banned = createBannedWords([...bannedPhrases, ...vocabulary.map(({ avoid }) => avoid)].map(foldText));
  const replace = createReplacer(vocabulary);
  const maxMarks = punctuation?.maxExclamationMarks ?? Number.POSITIVE_INFINITY;
  const headlines = HEADLINE_ROLES.has(field.role) ? rules.capitals?.headlines : undefined;

  return {
    suffix: disclaimers.join(''),
    room: required.reduce((sum, phrase) => sum + phrase.length + 2, 0),
    plain: maxEmoji === 0 && maxMarks === 0,
    banned,
    mend(text, record) {
      let out = replace(text);
      if (maxEmoji !== undefined && countEmoji(out) > maxEmoji) out = withoutEmoji(out);
      if (count(out, '!') > maxMarks) out = keepFirst(out, maxMarks);
      if (headlines !== undefined && headlines !== 'any') out = setCapitals(out, headlines, record);
      for (const phrase of required) if (!holds(out, phrase)) out = `${out} ${endSentence(phrase)}`;
      return out;
    },
    check(text, record) {
      const fault = findFault(text, { rules, required, record, maxMarks });
      return fault === undefined ? undefined : { refusal: 'brand-rule', reason: fault };
    },
  };
}

function findFault(
  text: string,
  held: { rules: BrandRuleSet; required: readonly string[]; record: RuledRecord; maxMarks: number },
): string | undefined {
  const { rules, record, maxMarks } = held;
  const missing = held.required.find((phrase) => !holds(text, phrase));
  if (missing !== undefined) return `the brand wants "${missing}" in it`;
  const { maxEmoji = Number.POSITIVE_INFINITY, person, capitals, punctuation, readingLevel } = rules;
  if (countEmoji(text) > maxEmoji) return `the brand takes ${maxEmoji} emoji in a text`;
  if (count(text, '!') > maxMarks) return `the brand takes ${maxMarks} exclamation marks in a text`;
  const mark = punctuation?.banned.find((each) => text.includes(each));
  if (mark !== undefined) return `the brand does not use "${mark}"`;
  if (capitals?.words === false) {
    const loud = (text.match(WORD) ?? []).find((word) => isLoud(word) && !record.words.has(word));
    if (loud !== undefined) return `the brand does not write "${loud}" in capitals`;
  }
  const pronoun = findPronoun(text, person, record.language);
  if (pronoun !== undefined) return pronoun;
  return readingLevel === undefined ? undefined : findHardReading(text, readingLevel, record);
}

function findHardReading(
  text: string,
  { maxSentenceWords, maxLix }: NonNullable<BrandRuleSet['readingLevel']>,
  record: RuledRecord,
): string | undefined {
  const sentences = text
    .split(SENTENCE_END)
    .map((sentence) => sentence.match(WORD) ?? [])
    .filter((words) => words.length > 0);
  const longest = Math.max(0, ...sentences.map((words) => words.length));
  if (maxSentenceWords !== undefined && longest > maxSentenceWords)
    return `a sentence has ${longest} words; the brand takes ${maxSentenceWords}`;
  if (maxLix === undefined || sentences.length === 0) return undefined;
  // What the product is called is not the writer's choice.
  const named = new Set(foldText(record.title).match(WORD) ?? []);
  const words = sentences.flat();
  const long = words.filter((word) => word.length > 6 && !named.has(foldText(word))).length;
  const lix = Math.round(words.length / sentences.length + (100 * long) / words.length);
  return lix > maxLix ? `it reads at LIX ${lix}; the brand takes ${maxLix}` : undefined;
}

function createReplacer(vocabulary: NonNullable<BrandRuleSet['vocabulary']>): (text: string) => string {
  const says = new Map<string, string>();
  for (const { avoid, say } of vocabulary) if (say !== undefined) says.set(avoid.toLowerCase(), say);
  if (says.size === 0) return (text) => text;
  // The longest first: `cheap price` before `cheap`.
  const avoided = [...says.keys()].toSorted((a, b) => b.length - a.length).map(escapePattern);
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${avoided.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
  return (text) =>
    text.replaceAll(pattern, (found) => {
      const say = says.get(found.toLowerCase()) ?? found;
      return /^\p{Lu}/u.test(found) ? say.charAt(0).toUpperCase() + say.slice(1) : say;
    });
}

function setCapitals(text: string, style: 'title' | 'sentence', { words, language }: RuledRecord): string {
  let opens = true;
  return text.replaceAll(/(\p{L}[\p{L}\p{M}'\u2019]*)|([.!?:]\s)/gu, (found: string, word?: string) => {
    if (word === undefined) {
      opens = true;
      return found;
    }
    const isFirst = opens;
    opens = false;
    // As the record has it: names keep their capitals, and so do German nouns.
    if (words.has(word)) return word;
    if (style === 'title') {
      const isSmall = !isFirst && SMALL_WORDS.has(word.toLowerCase());
      return isSmall ? word : word.charAt(0).toUpperCase() + word.slice(1);
    }
    return isFirst || language === 'de' || !/^\p{Lu}\p{Ll}/u.test(word)
      ? word
      : word.charAt(0).toLowerCase() + word.slice(1);
  });
}

function holds(text: string, phrase: string): boolean {
  return createBannedWords([foldText(phrase).replace(/[.!?]$/u, '')])(foldText(text)) !== undefined;
}

function endSentence(phrase: string): string {
  return /[.!?\u2026]$/u.test(phrase) ? phrase : `${phrase}.`;
}

function isLoud(word: string): boolean {
  return word.length >= 3 && /^[\p{Lu}'\u2019-]+$/u.test(word);
}

function countEmoji(text: string): number {
  return text.match(EMOJI)?.length ?? 0;
}

function count(text: string, mark: string): number {
  return text.split(mark).length - 1;
}

/** The first `most` exclamation marks; the others become full stops. */
function keepFirst(text: string, most: number): string {
  let seen = 0;
  return text.replaceAll(/!+/gu, (marks) => {
    const room = Math.max(0, most - seen);
    seen += Math.min(marks.length, room);
    return room === 0 ? '.' : marks.slice(0, room);
  });
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&');
}
