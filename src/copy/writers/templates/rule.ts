/** A rule as data: compiled once, when the module loads. */
import { AppError } from '../../../core/errors.ts';

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
  'adjective',
  'adjective2',
  'quote',
  'statement',
  'audience',
  'keyword',
  'pick',
  'moment',
  'hook',
  'toneHook',
  'call',
  'nudge',
  'share',
  'emoji',
] as const;
export type Slot = (typeof SLOTS)[number];

type Part =
  | { is: 'text'; text: string }
  | { is: 'slot'; slot: Slot; capital: boolean }
  | { is: 'number'; one: string; many: string };

/**
 * What a rule says: something that the request asked to have said, a fact of the record, or what holds for
 * anything.
 */
export type Kin = 'wish' | 'fact' | 'anything';

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
  bit('use') |
  bit('occasion') |
  bit('adjective') |
  bit('adjective2') |
  bit('quote') |
  bit('statement');

/**
 * @throws AppError `internal` for a slot that does not exist: a fault in the rules, seen when the module
 *   loads.
 */
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
  return { parts, needs, kin: (needs & WISHES) !== 0 ? 'wish' : (needs & FACTS) !== 0 ? 'fact' : 'anything' };
}
