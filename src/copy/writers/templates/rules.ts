/**
 * The sentences of the templates, from assets/wording/<language>/sentences.yaml: text with slots, compiled
 * once.
 */
import { z } from 'zod';
import { AppError } from '../../../core/errors.ts';
import { defineWordings, wordList } from '../../../core/wording.ts';
import { ATTRIBUTE_KINDS } from '../../brief/index.ts';
import {
  CASES,
  DETERMINERS,
  LANGUAGES,
  type Case,
  type Determiner,
  type Language,
} from '../../languages/index.ts';

const SLOTS = [
  'name',
  'theName',
  'kind',
  'kindOne',
  'feature',
  'feature2',
  'trait',
  'definition',
  'use',
  'occasion',
  'snippet',
  'lead',
  'adjective',
  'adjective2',
  'quote',
  'statement',
  'attribute',
  /** An attribute as a sentence: `Made of cotton.` */
  'detail',
  'value',
  'maker',
  'price',
  'audience',
  'keyword',
  'pick',
  'moment',
  'call',
  'nudge',
  'share',
  'emoji',
] as const;
export type Slot = (typeof SLOTS)[number];

export type Part =
  | { is: 'text'; text: string }
  | { is: 'slot'; slot: Slot; wordCase: Case; capital: boolean }
  | { is: 'number'; one: string; many: string }
  /** The product's noun with an article: `{yourNew.acc}`. */
  | { is: 'phrase'; determiner: Determiner; wordCase: Case; capital: boolean };

/**
 * What a rule says: something that the request asked to have said, a fact of the record, what holds for
 * anything, or what is only said where too little else is left.
 */
export type Kin = 'wish' | 'fact' | 'anything' | 'spare';

export interface Rule {
  parts: readonly Part[];
  /** One bit for each slot that the rule needs (bit = place in SLOTS). */
  needs: number;
  kin: Kin;
}

/** The place of a slot in `needs`. */
export function bit(slot: Slot): number {
  return 1 << SLOTS.indexOf(slot);
}

const WISHES = bit('audience') | bit('keyword');
const FACTS =
  bit('feature') |
  bit('feature2') |
  bit('trait') |
  bit('definition') |
  bit('snippet') |
  bit('lead') |
  bit('use') |
  bit('occasion') |
  bit('adjective') |
  bit('adjective2') |
  bit('quote') |
  bit('statement') |
  bit('attribute') |
  bit('detail') |
  bit('value') |
  bit('maker') |
  bit('price');

const SPARE = '~ ';

/**
 * @throws AppError `internal` for a slot that does not exist: a fault in the file, seen when it is first
 *   read.
 */
function compileRule(source: string): Rule {
  const isSpare = source.startsWith(SPARE);
  const parts: Part[] = [];
  let needs = 0;
  for (const piece of (isSpare ? source.slice(SPARE.length) : source).split(/(\{[^{}]*\})/u)) {
    const inner = /^\{(.*)\}$/u.exec(piece)?.[1];
    if (inner === undefined) {
      if (piece !== '') parts.push({ is: 'text', text: piece });
    } else if (inner.includes('|')) {
      const [one = '', many = ''] = inner.split('|');
      parts.push({ is: 'number', one, many });
    } else {
      const name = inner.charAt(0).toLowerCase() + inner.slice(1);
      const phrase = readPhrase(name);
      if (phrase !== undefined) {
        parts.push({ is: 'phrase', ...phrase, capital: inner !== name });
        needs |= bit('kind');
        continue;
      }
      const [slotName, ending = 'nom'] = name.split('.');
      const slot = SLOTS.find((known) => known === slotName);
      const wordCase = CASES.find((known) => known === ending) ?? 'nom';
      if (slot === undefined)
        throw new AppError('internal', `the rule "${source}" uses the slot {${inner}}, which does not exist`);
      parts.push({ is: 'slot', slot, wordCase, capital: inner !== name });
      needs |= bit(slot);
    }
  }
  const kin = (needs & WISHES) !== 0 ? 'wish' : (needs & FACTS) !== 0 ? 'fact' : 'anything';
  return { parts, needs, kin: isSpare ? 'spare' : kin };
}

function readPhrase(name: string): { determiner: Determiner; wordCase: Case } | undefined {
  const [first, second = 'nom'] = name.split('.');
  const determiner = DETERMINERS.find((known) => known === first);
  const wordCase = CASES.find((known) => known === second);
  return determiner === undefined || wordCase === undefined ? undefined : { determiner, wordCase };
}

const rules = wordList.transform((sources) => sources.map(compileRule));

const schema = z.strictObject({
  sentences: z.strictObject({
    intro: rules,
    detail: rules,
    closer: rules,
    /** An introduction that has no name to say. */
    bareIntro: rules,
    short: rules,
  }),
  fragments: z.strictObject({
    headline: rules,
    subject: rules,
    title: rules,
    /** In the order in which they are said. */
    bullet: rules,
  }),
  /** Sentences that say an attribute, by what it is: `{value}` is its own. */
  details: z.record(z.enum(ATTRIBUTE_KINDS), z.string()),
  /** Words that hold for any product, for when bans or a hostile title leave nothing else. */
  plainLines: z.strictObject({ long: wordList, short: wordList }),
});
const sources = defineWordings(LANGUAGES, 'sentences', schema);

export function templateRules(language: Language): TemplateRules {
  return sources[language]();
}

type TemplateRules = z.output<typeof schema>;
export type SentenceKind = keyof TemplateRules['sentences'];
export type FragmentKind = keyof TemplateRules['fragments'];
