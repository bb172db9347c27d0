/** What one field has so far: the one place where a proposal becomes a text, or is refused with a reason. */
import type { WriterName } from '../../core/config/index.ts';
import { foldText } from '../brief/index.ts';
import { shorten, type FieldRole } from '../channels/index.ts';
import type { FieldRules, RuledRecord } from '../brand/index.ts';
import {
  checkText,
  findStray,
  sameTextKey,
  type BannedWords,
  type ClaimSource,
  type Finding,
  type Ground,
} from '../check/index.ts';
import type { FieldRequest, RefusedText, Writer } from '../writers/index.ts';

export interface AcceptedText {
  text: string;
  writer: WriterName;
}

/** A field to fill, who may fill it in order of preference, and what its brand asks of the texts. */
export interface RuledRequest {
  request: FieldRequest;
  rules: FieldRules | undefined;
  writers: readonly Writer[];
}

export interface CollectRules {
  banned: BannedWords;
  source: ClaimSource;
  /** By which a language model's text is known to be about the product. */
  ground: Ground;
  /** What a brand's rules are held against. */
  record: RuledRecord;
}

export interface FieldTexts {
  request: FieldRequest;
  writers: readonly Writer[];
  texts: AcceptedText[];
  /** By which its texts are known to be the same. */
  keys: Set<string>;
  refusals: (RefusedText & { writer: WriterName })[];
  least: number;
  /** Fields of one channel that say the same kind of thing, side by side: none repeats another. */
  beside: FieldTexts[];
  /** Whether a brand's rules hold here. */
  isRuled: boolean;
  missing(): number;
  offer(text: string, writer: WriterName): void;
}

const MAX_REFUSALS = 64;
/** Roles of which platforms take lists, and at least three texts. */
const LISTED: ReadonlySet<FieldRole> = new Set(['headline', 'description']);
const FACTUAL: ReadonlySet<FieldRole> = new Set(['title', 'bullet', 'listing']);

/**
 * Whether a field that only states facts has enough: there are as many texts as facts, and no seed knows
 * others.
 */
export function saysAllFacts({ request, texts, least }: FieldTexts): boolean {
  return FACTUAL.has(request.role) && texts.length >= least;
}

/**
 * @param isOpen whether each writer may fill the field anew, for all to be chosen from
 * @param beside the fields that it stands beside; it is put there
 */
export function createFieldTexts(
  { request, rules: ruled, writers }: RuledRequest,
  rules: CollectRules,
  isOpen: boolean,
  beside: FieldTexts[] = [],
): FieldTexts {
  const { record, ground, ...checks } = rules;
  const mend = (text: string): string => ruled?.mend(text, record) ?? text;
  const fits = (text: string): boolean => request.fits(mend(text));
  const most = isOpen ? request.count * Math.max(1, writers.length) : request.count;
  const field: FieldTexts = {
    request,
    writers,
    texts: [],
    keys: new Set(),
    refusals: [],
    least: Math.min(request.count, LISTED.has(request.role) ? 3 : 1),
    beside,
    isRuled: ruled !== undefined,
    missing: () => request.count - field.texts.length,
    offer(proposal, writer) {
      if (field.texts.length >= most) return;
      // A text cut after a whole sentence still reads well; one cut anywhere else is refused as too long.
      const text = mend(fits(proposal) ? proposal : shortenBySentence(proposal, fits, request.maxChars * 4));
      const finding =
        checkText(text, { fits: request.fits, plain: request.plain, ...checks }) ??
        findBanned(text, ruled) ??
        ruled?.check(text, record) ??
        (writer === 'templates' ? undefined : refuseStray(text, ground));
      const key = sameTextKey(text);
      const isRepeat = field.beside.some(({ keys }) => keys.has(key));
      if (finding === undefined && (!isRepeat || (isOpen && key === ''))) {
        field.keys.add(key);
        field.texts.push({ text, writer });
      } else if (field.refusals.length < MAX_REFUSALS) {
        field.refusals.push({ text, writer, reason: finding?.reason ?? 'it repeats another' });
      }
    },
  };
  beside.push(field);
  return field;
}

function refuseStray(text: string, ground: Ground): Finding | undefined {
  const reason = findStray(text, ground);
  return reason === undefined ? undefined : { refusal: 'stray', reason };
}

export function findBanned(text: string, rules: FieldRules | undefined): Finding | undefined {
  const banned = rules?.banned(foldText(text));
  return banned === undefined
    ? undefined
    : { refusal: 'brand-rule', reason: `it holds "${banned}", which the brand does not use` };
}

function shortenBySentence(text: string, fits: (text: string) => boolean, maxUnits: number): string {
  const cut = shorten(text, { fits, maxUnits });
  return /[.!?]["'\u201d\u2019)]?$/u.test(cut) ? cut : text;
}
