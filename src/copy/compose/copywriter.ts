/**
 * From a product to its copy, in two steps with whatever scores texts between them: `propose` writes and
 * checks, `choose` takes the best.
 */
import { copyText } from '../../core/classifier-text.ts';
import { AppError } from '../../core/errors.ts';
import type { WriterName } from '../../core/config/index.ts';
import type { Logger } from '../../core/log.ts';
import type { Random } from '../../core/random.ts';
import {
  createBrandRules,
  isCalled,
  listOwnWords,
  renderBrandRef,
  type Brand,
  type BrandBook,
  type FieldRules,
  type RuledField,
} from '../brand/index.ts';
import { createBrief, foldText, type Brief, type BriefInput } from '../brief/index.ts';
import { ceilingOf, countText, type ChannelField, type Channels, type LimitKind } from '../channels/index.ts';
import {
  checkText,
  createBannedWords,
  createClaimSource,
  createGround,
  withoutOrders,
  findClaims,
  type Claim,
  type Finding,
} from '../check/index.ts';
import { draw } from '../../learning/index.ts';
import { LANGUAGE_NAMES, type LanguageChoice } from '../languages/index.ts';
import { createHashtags } from '../hashtags/index.ts';
import { DEFAULT_COUNT, MAX_COUNT, type CopyOptions } from '../options.ts';
import { createTemplateWriter, hashText, type Writer } from '../writers/index.ts';
import { collectTexts, type Refusal, type WriterNote } from './collect-texts.ts';
import { findBanned, type AcceptedText } from './field-texts.ts';
import { showExamples, type ExampleSource } from './show-examples.ts';
import { planField, requireChannels, tightestField, type FieldPlan } from './plan-fields.ts';

const MAX_HASHTAGS = 5;
const DEFAULT_EXAMPLES = 3;
/** A product and what is wished of its copy; whatever else stands there is not read. */
export interface CopyRequest extends BriefInput, Omit<CopyOptions, keyof BriefInput | 'channels'> {
  channels?: readonly string[] | undefined;
  /** What the product's record calls its brand: decides between `brandVersions`. */
  recordBrand?: string | undefined;
  /** Brands that records may name, `acme@3`; where none fits, `brand` holds. */
  brandVersions?: readonly string[] | undefined;
  /** The job that it is for: what it costs is counted there. */
  jobId?: string | undefined;
  /** How long the writer may take before templates write in its place; its own limit holds too. */
  writeWithinMs?: number;
  signal?: AbortSignal;
}

export interface ScoredText {
  text: string;
  /** The score of this very text; null when nothing was scored (`count: 1`). */
  score: number | null;
  /** Probability with which the policy chose this text; absent where the best was taken. */
  propensity?: number;
  /** Whose model wrote it; absent for texts of templates. */
  writer?: WriterName;
}

/**
 * How the text of a field is chosen by chance.
 * @returns the probability of each text, in their order
 */
export type TextPolicy = (field: string, texts: readonly { text: string; score: number }[]) => Float64Array;

/** A channel's fields by name: one text, or the list of texts of a list field (Google's headlines). */
export type ChannelCopy = Record<string, string | string[]>;

export interface Copy {
  /** Fits the tightest post field of all channels (X), also with the first two hashtags after it. */
  social_media_caption: string;
  hashtags: string[];
  /** Fits the tightest ad field of all channels. */
  ad_copy: string;
  channels: Record<string, ChannelCopy>;
  /**
   * Every text that passed the checks, best first, but the returned one before all others; channel fields as
   * `x.text`.
   */
  alternatives: Record<string, ScoredText[]>;
  /** Who wrote the caption. */
  writer: WriterName;
  /** Why another than the first writer wrote some of the texts, or null. */
  fallback: string | null;
  /** Whose rules the texts keep, in which version; absent where no brand was named. */
  brand?: { name: string; version: number };
  /** What language models did for it; absent where none was asked. */
  authors?: WriterNote[];
  /** What else the reader should know of the copy; absent where there is nothing. */
  notes?: string[];
}

/** What was written for one request: checked, not yet chosen from. */
export interface Draft {
  /**
   * What `choose` needs scores of: the fields' texts as a classifier reads them; empty with `count: 1`, where
   * there is nothing to choose from.
   */
  readonly texts: readonly string[];
  readonly fields: readonly DraftField[];
  readonly hashtags: readonly string[];
  readonly fallback: string | null;
  readonly notes: readonly string[];
  readonly brand: Brand | undefined;
  /** What language models did for it, one entry for each request that one took. */
  readonly authors: readonly WriterNote[];
  /** What was proposed and may not leave. */
  readonly refusals: readonly Refusal[];
}

/** The texts of one field, as they would be returned. */
interface DraftField {
  plan: FieldPlan;
  texts: readonly AcceptedText[];
}

/** What stands against a text that a person is writing, and how much of its field it fills. */
export interface TextReport {
  /** Length as the platform counts it, in units of `unit`. */
  used: number;
  unit: ChannelField['count'];
  limits: readonly { kind: LimitKind; max: number }[];
  /** Why it may not leave, or null. */
  finding: Finding | null;
  /** Those of title (part 0) and description (part 1), with the words there that carry them. */
  claims: readonly Claim[];
}

export interface CopywriterOptions {
  channels: Channels;
  /** Who writes, in order of preference; the fallback where there is none. */
  writers?: readonly Writer[];
  /** The same for one. */
  writer?: Writer;
  /** Who writes only where a request or a channel names it. */
  otherWriters?: readonly Writer[];
  /** Who is asked first for a channel. */
  channelWriters?: Readonly<Record<string, WriterName>>;
  /** Whether all writers propose, rather than each what those before it left open. */
  together?: boolean | undefined;
  /** Writes what the writers leave open; templates by default. */
  fallback?: Writer;
  /** Texts per field when a request does not say. Default 8. */
  defaultCount?: number;
  /** Where brands are looked up by name; without it no request may name one. */
  brands?: Pick<BrandBook, 'resolve'> | undefined;
  /** The brand of requests that name none. */
  defaultBrand?: string | undefined;
  /** Of requests that name none. Default `auto`. */
  defaultLanguage?: LanguageChoice;
  /** Where language models' examples come from beside the brand's own. */
  exampleSource?: ExampleSource | undefined;
  /** Examples of a field that a language model is shown; 0 for none. Default 3. */
  exampleCount?: number | undefined;
  /** Called for each request that a language model took. */
  onNote?:
    ((note: WriterNote, of: { brand: string | undefined; jobId: string | undefined }) => void) | undefined;
  log?: Pick<Logger, 'warn'>;
}

export interface Chance {
  policy: TextPolicy;
  random: Random;
}

export interface Copywriter {
  /** Who is asked first. */
  readonly writer: WriterName;
  readonly channelNames: readonly string[];
  /**
   * @throws AppError `invalid-input` for an unknown channel, a count out of range or bans that leave nothing;
   *   the signal's reason
   */
  propose(request: CopyRequest): Promise<Draft>;
  /**
   * @param scores of `draft.texts`, in their order, higher is better
   * @param chance where the text of a field is drawn; a field that returns many texts always returns the best
   *   ones
   */
  choose(draft: Draft, scores: readonly number[], chance?: Chance): Copy;
  /**
   * Checks what somebody else has written for a field (`ad_copy`, `x.text`), by the rules of `propose`.
   * @throws AppError `invalid-input` for an unknown field
   */
  inspect(request: CopyRequest, field: string, text: string): Promise<TextReport>;
  close(): Promise<void>;
}

export function createCopywriter(options: CopywriterOptions): Copywriter {
  const { channels, log } = options;
  const fallback = options.fallback ?? createTemplateWriter();
  const preferred = options.writers ?? [options.writer ?? fallback];
  const chooseWriters = createWriterChoice(preferred, [...(options.otherWriters ?? []), fallback]);
  const everyone = new Set([...preferred, ...(options.otherWriters ?? []), fallback]);
  const captionField = tightestField(channels, 'post');
  const adField = tightestField(channels, 'ad');

  const rulesOf = createRuleBook();
  const resolveBrand = async (ref: string | undefined): Promise<Brand | undefined> => {
    if (ref === undefined) return undefined;
    if (options.brands !== undefined) return await options.brands.resolve(ref);
    throw new AppError('invalid-input', `brand is "${ref}"; there are no brands without a database`, {
      details: { field: 'brand' },
    });
  };

  const planFields = (
    names: readonly string[],
    count: number,
    tags: readonly string[],
    rulesFor: RulesFor | undefined,
  ): FieldPlan[] => {
    const captionTags = tags.slice(0, captionField.hashtags?.advised ?? 0);
    const plans = [
      planField(captionField, 'social_media_caption', {
        count,
        tags: captionTags,
        inlineTags: false,
        rulesFor,
      }),
      planField(adField, 'ad_copy', { count, tags: [], inlineTags: false, rulesFor }),
    ];
    for (const channel of names) {
      for (const [field, spec] of Object.entries(channels[channel]?.fields ?? {})) {
        const allowed = Math.min(
          spec.hashtags?.advised ?? 0,
          spec.hashtags?.hard ?? Number.POSITIVE_INFINITY,
        );
        plans.push(
          planField(spec, `${channel}.${field}`, {
            count,
            tags: tags.slice(0, allowed),
            inlineTags: true,
            place: { channel, field },
            rulesFor,
          }),
        );
      }
    }
    return plans;
  };

  const fieldNamed = (name: string): ChannelField => {
    if (name === 'ad_copy') return adField;
    if (name === 'social_media_caption') return captionField;
    const [channel = '', field = ''] = name.split('.');
    const fields = Object.hasOwn(channels, channel) ? (channels[channel]?.fields ?? {}) : {};
    const spec = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (spec !== undefined) return spec;
    throw new AppError(
      'invalid-input',
      `there is no field ${JSON.stringify(name.slice(0, 100))}: an answer's alternatives name theirs`,
      { details: { field: 'field' } },
    );
  };

  return {
    writer: preferred[0]?.name ?? fallback.name,
    channelNames: Object.keys(channels),
    async propose(request) {
      const count = requireCount(request.count ?? options.defaultCount ?? DEFAULT_COUNT);
      const names = requireChannels(request.channels ?? [], channels);
      const brand =
        (await findRecordBrand(request, resolveBrand)) ??
        (await resolveBrand(request.brand ?? options.defaultBrand));
      const rulesFor = brand && rulesOf(brand);
      const title = withoutOrders(request.title);
      const description = withoutOrders(request.description);
      const orders = [...title.orders, ...description.orders];
      const brief = createBrief({
        ...request,
        title: title.text,
        description: description.text,
        language: request.language ?? options.defaultLanguage,
      });
      const banned = createBannedWords(brief.bannedWords);
      const submitted = listSubmitted(brief);
      const own = brand === undefined ? [] : listOwnWords(brand.profile);
      const source = createClaimSource([...submitted, ...own], brief.language);
      const brandBans = rulesFor?.(WHOLE_ANSWER).banned;
      const isBanned = (folded: string): boolean =>
        banned(folded) !== undefined || brandBans?.(folded) !== undefined;
      const refusesTag = (tag: string): boolean =>
        checkText(tag, { fits: () => true, plain: false, banned, source }) !== undefined ||
        brandBans?.(foldText(tag)) !== undefined;
      const tags = createHashtags(brief, MAX_HASHTAGS, refusesTag);
      const channelWriters = { ...options.channelWriters, ...request.channelWriters };
      const plans = planFields(names, count, tags, rulesFor).map((plan) => {
        const channel = plan.place?.channel ?? '';
        return { ...plan, writers: chooseWriters(request.writer ?? channelWriters[channel]) };
      });
      const seed = request.seed ?? hashText(`${request.title}\u0000${request.description}`);
      const isShown = brand !== undefined && plans.some(({ writers }) => writers.some(readsExamples));
      const examples = isShown
        ? await showExamples(
            brand,
            { title: brief.title, description: brief.description },
            plans.map(({ request: { name } }) => name),
            { source: options.exampleSource, count: options.exampleCount ?? DEFAULT_EXAMPLES },
          )
        : undefined;
      const collected = await collectTexts(
        withoutBanned(brief, brand !== undefined || brief.bannedWords.length > 0, (text) =>
          isBanned(foldText(text)),
        ),
        plans,
        fallback,
        {
          banned,
          source,
          ground: createGround(submitted, own),
          record: { title: brief.title, words: listWords([...submitted, ...own]), language: brief.language },
        },
        {
          seed,
          signal: request.signal,
          withinMs: request.writeWithinMs,
          together: request.together ?? options.together,
          brand,
          examples,
          language: brief.language,
          onNote: (note) =>
            options.onNote?.(note, {
              brand: brand && renderBrandRef(brand),
              jobId: request.jobId,
            }),
        },
      );
      const reason = collected.fallbackReason ?? null;
      if (reason !== null)
        log?.warn({ writer: preferred[0]?.name, reason }, 'another wrote in place of the writer');
      const fields = plans.map((plan, index): DraftField => ({
        plan,
        texts: (collected.fields[index] ?? []).map(({ text, writer }) => ({
          text: text + plan.suffix,
          writer,
        })),
      }));
      const texts =
        count === 1
          ? []
          : fields.flatMap(({ plan, texts }) =>
              texts.map(({ text }) => copyText({ title: request.title, field: plan.request.name, text })),
            );
      const notes = [...noteLanguage(brief), ...(orders.length > 0 ? [describeOrders(orders)] : [])];
      return {
        texts,
        fields,
        hashtags: tags,
        fallback: reason,
        notes,
        brand,
        authors: collected.notes,
        refusals: collected.refusals,
      };
    },
    choose: chooseCopy,
    async inspect(request, field, text) {
      const spec = fieldNamed(field);
      const brief = createBrief({ ...request, language: request.language ?? options.defaultLanguage });
      const brand = await resolveBrand(request.brand ?? options.defaultBrand);
      const [channel] = field.split('.');
      const rules = brand && rulesOf(brand)({ name: field, role: spec.role, channel });
      const submitted = listSubmitted(brief);
      const said = brand === undefined ? submitted : [...submitted, ...listOwnWords(brand.profile)];
      const used = countText(text, spec.count);
      const finding =
        checkText(text, {
          fits: () => used <= ceilingOf(spec),
          plain: spec.plain,
          banned: createBannedWords(brief.bannedWords),
          source: createClaimSource(said, brief.language),
        }) ??
        findBanned(text, rules) ??
        rules?.check(text, { title: brief.title, words: listWords(said), language: brief.language });
      return {
        used,
        unit: spec.count,
        limits: spec.limits.map(({ kind, max }) => ({ kind, max })),
        finding: finding ?? null,
        claims: findClaims(text, [request.title, request.description], brief.language),
      };
    },
    async close() {
      for (const each of everyone) await each.close?.();
    },
  };
}

/** Who may write a field: the one named first, then the preferred in their order. */
function createWriterChoice(
  preferred: readonly Writer[],
  others: readonly Writer[],
): (first: WriterName | undefined) => readonly Writer[] {
  const known = new Map([...others, ...preferred].map((writer) => [writer.name, writer]));
  return (first) => {
    if (first === undefined) return preferred;
    const writer = known.get(first);
    if (writer !== undefined) return [writer, ...preferred.filter((each) => each !== writer)];
    throw new AppError(
      'invalid-input',
      `writer is "${first}"; the writers there are: ${[...known.keys()].join(', ')} (copy.writers)`,
      { details: { field: 'writer', allowed: [...known.keys()] } },
    );
  };
}

const SHOWN_ORDER_CHARS = 100;

function describeOrders(orders: readonly string[]): string {
  const shown = orders.map((order) => JSON.stringify(order.slice(0, SHOWN_ORDER_CHARS))).join(', ');
  return `title or description give orders to a writer, which are left out: ${shown}`;
}

function readsExamples(writer: Writer): boolean {
  return writer.immediate !== true;
}

type RulesFor = (field: RuledField) => FieldRules;

/** The rules of a brand that hold for no channel: for hashtags and what templates are told. */
const WHOLE_ANSWER: RuledField = { name: 'hashtags', role: 'hashtags', channel: undefined };

/** A brand's rules are made when they are first needed, and go with the brand. */
function createRuleBook(): (brand: Brand) => RulesFor {
  const made = new WeakMap<Brand, RulesFor>();
  return (brand) => {
    const rules = made.get(brand) ?? createBrandRules(brand.profile);
    made.set(brand, rules);
    return rules;
  };
}

async function findRecordBrand(
  { recordBrand = '', brandVersions = [] }: CopyRequest,
  resolve: (ref: string) => Promise<Brand | undefined>,
): Promise<Brand | undefined> {
  if (recordBrand === '') return undefined;
  for (const ref of brandVersions) {
    const brand = await resolve(ref);
    if (brand !== undefined && isCalled(brand, recordBrand)) return brand;
  }
  return undefined;
}

function listWords(texts: readonly string[]): Set<string> {
  return new Set(texts.flatMap((text) => text.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'\u2019-]*/gu) ?? []));
}

/** What a text may rely on. */
function listSubmitted(brief: Brief): string[] {
  const { title, description, audience, keywords, maker, price, attributes } = brief;
  return [title, description, audience, ...keywords, maker, price, ...attributes];
}

function noteLanguage({ language, recordLanguage }: Brief): string[] {
  if (recordLanguage === undefined || recordLanguage === language) return [];
  const written = LANGUAGE_NAMES[language];
  const seems =
    recordLanguage === 'other'
      ? 'do not seem to be in a language that templates write'
      : `seem to be in ${LANGUAGE_NAMES[recordLanguage]}, they do not seem to be in ${written}`;
  return [`title and description ${seems}; copy is written in ${written}, without their sentences`];
}

function requireCount(count: number): number {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_COUNT) return count;
  throw new AppError('invalid-input', `count is ${count}; it must be a whole number from 1 to ${MAX_COUNT}`, {
    details: { field: 'count' },
  });
}

/** The brief without what may not be said, so that templates do not offer it in vain. */
function withoutBanned(brief: Brief, isNeeded: boolean, isBanned: (text: string) => boolean): Brief {
  if (!isNeeded) return brief;
  const allowed = (text: string): boolean => !isBanned(text);
  const { phrases } = brief;
  return {
    ...brief,
    name: allowed(brief.name) ? brief.name : brief.name.split(' ').filter(allowed).join(' '),
    kind: allowed(brief.kind) ? brief.kind : '',
    audience: allowed(brief.audience) ? brief.audience : '',
    keywords: brief.keywords.filter(allowed),
    phrases: {
      definitions: phrases.definitions.filter(({ text }) => allowed(text)),
      features: phrases.features.filter(({ text }) => allowed(text)),
      uses: phrases.uses.filter(({ text }) => allowed(text)),
      occasions: phrases.occasions.filter(({ text }) => allowed(text)),
      adjectives: phrases.adjectives.filter(allowed),
      traits: phrases.traits.filter(({ text }) => allowed(text)),
      quotes: phrases.quotes.filter(({ text }) => allowed(text)),
      statements: phrases.statements.filter(({ text }) => allowed(text)),
    },
  };
}

/** With the drawn text before the others, which stay in their order. */
function drawFirst(
  list: readonly RankedText[],
  plan: FieldPlan | undefined,
  { policy, random }: Chance,
): RankedText[] {
  if (plan === undefined || plan.isList) return [...list];
  const propensities = policy(
    plan.request.name,
    list.map(({ text, score }) => ({ text, score: score ?? 0 })),
  );
  const drawn = draw(propensities, random);
  const all = list.map((text, index) => ({ ...text, propensity: propensities[index] ?? 0 }));
  return [...all.slice(drawn, drawn + 1), ...all.slice(0, drawn), ...all.slice(drawn + 1)];
}

type RankedText = ScoredText & { writer: WriterName };

function chooseCopy(
  { texts, fields, hashtags, fallback, notes, brand, authors }: Draft,
  scores: readonly number[],
  chance?: Chance,
): Copy {
  if (scores.length !== texts.length || !scores.every(Number.isFinite)) {
    throw new AppError(
      'internal',
      `a draft of ${texts.length} texts was given ${scores.length} scores, or one that is no number`,
    );
  }
  const best = rank(fields, texts.length === 0 ? undefined : scores);
  const ranked =
    chance === undefined || texts.length === 0
      ? best
      : best.map((list, index) => drawFirst(list, fields[index]?.plan, chance));
  const [caption, ad] = ranked;
  const copy: Copy = {
    social_media_caption: caption?.[0]?.text ?? '',
    hashtags: [...hashtags],
    ad_copy: ad?.[0]?.text ?? '',
    channels: {},
    alternatives: {},
    writer: caption?.[0]?.writer ?? 'templates',
    fallback,
    ...(brand !== undefined && { brand: { name: brand.name, version: brand.version } }),
    ...(authors.length > 0 && { authors: [...authors] }),
    ...(notes.length > 0 && { notes: [...notes] }),
  };
  for (const [index, { plan }] of fields.entries()) {
    const list = ranked[index] ?? [];
    copy.alternatives[plan.request.name] = list.map(({ text, score, propensity, writer }) => ({
      text,
      score,
      ...(writer !== 'templates' && { writer }),
      ...(propensity !== undefined && { propensity }),
    }));
    if (plan.place === undefined) continue;
    const { channel, field } = plan.place;
    const values = (copy.channels[channel] ??= {});
    values[field] = plan.isList ? list.slice(0, plan.keep).map(({ text }) => text) : (list[0]?.text ?? '');
  }
  return copy;
}

/** Every field's texts, best first; equal scores keep the order of writing. */
function rank(fields: readonly DraftField[], scores: readonly number[] | undefined): RankedText[][] {
  if (scores === undefined) return fields.map(({ texts }) => texts.map((text) => ({ ...text, score: null })));
  let at = 0;
  return fields.map(({ texts }) => {
    const scored = texts.map((text) => ({ ...text, score: scores[at++] ?? 0 }));
    return scored.toSorted((a, b) => b.score - a.score);
  });
}
