/**
 * From a product to its copy, in two steps with whatever scores texts between them: `propose` writes and
 * checks, `choose` takes the best.
 */
import { copyText } from '../../core/classifier-text.ts';
import { AppError } from '../../core/errors.ts';
import type { WriterName } from '../../core/config/index.ts';
import type { Logger } from '../../core/log.ts';
import { listOwnWords, renderBrandRef, type BrandBook } from '../brand/index.ts';
import { createBrief, foldText, type BriefInput } from '../brief/index.ts';
import { ceilingOf, countText, type ChannelField, type Channels, type LimitKind } from '../channels/index.ts';
import {
  checkText,
  createBannedWords,
  createClaimSource,
  createGround,
  withoutInstructions,
  findClaims,
  type Claim,
  type Finding,
} from '../check/index.ts';
import type { LanguageChoice } from '../languages/index.ts';
import { createHashtags } from '../hashtags/index.ts';
import { DEFAULT_COUNT, MAX_COUNT, type CopyOptions } from '../options.ts';
import { createTemplateWriter, hashText, type Writer } from '../writers/index.ts';
import { chooseCopy, type Chance, type Copy, type Draft, type DraftField } from './choose.ts';
import { collectTexts, type WriterNote } from './collect-texts.ts';
import { findBanned } from './field-texts.ts';
import { createFieldPlanner, requireChannels } from './plan-fields.ts';
import { createRuleBook, WHOLE_ANSWER } from './rule-book.ts';
import { showExamples, type ExampleSource } from './show-examples.ts';
import { describeLeftOut, listSubmitted, listWords, withoutBanned } from './source-material.ts';

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

/** Only a brand's rules ask which words a record holds. */
const NO_WORDS: ReadonlySet<string> = new Set();

export function createCopywriter(options: CopywriterOptions): Copywriter {
  const { channels, log } = options;
  const fallback = options.fallback ?? createTemplateWriter();
  const preferred = options.writers ?? [options.writer ?? fallback];
  const chooseWriters = createWriterChoice(preferred, [...(options.otherWriters ?? []), fallback]);
  const everyone = new Set([...preferred, ...(options.otherWriters ?? []), fallback]);
  const planner = createFieldPlanner(channels);
  const ruleBook = createRuleBook(options.brands);

  return {
    writer: preferred[0]?.name ?? fallback.name,
    channelNames: Object.keys(channels),
    async propose(request) {
      const count = requireCount(request.count ?? options.defaultCount ?? DEFAULT_COUNT);
      const names = requireChannels(request.channels ?? [], channels);
      const brand =
        (await ruleBook.findCalled(request.recordBrand ?? '', request.brandVersions ?? [])) ??
        (await ruleBook.resolve(request.brand ?? options.defaultBrand));
      const rulesFor = brand && ruleBook.rulesOf(brand);
      const title = withoutInstructions(request.title);
      const description = withoutInstructions(request.description);
      const instructions = [...title.instructions, ...description.instructions];
      const language = request.language ?? options.defaultLanguage ?? 'auto';
      const brief = createBrief({
        ...request,
        title: title.text,
        description: description.text,
        language,
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
      const plans = planner.plan(names, { count, hashtags: tags, rulesFor }).map((plan) => {
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
          record: {
            title: brief.title,
            words: brand === undefined ? NO_WORDS : listWords([...submitted, ...own]),
            language: brief.language,
          },
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
      return {
        texts,
        fields,
        hashtags: tags,
        fallback: reason,
        notes: describeLeftOut(brief, instructions, language),
        brand,
        authors: collected.notes,
        refusals: collected.refusals,
      };
    },
    choose: chooseCopy,
    async inspect(request, field, text) {
      const spec = planner.fieldNamed(field);
      const brief = createBrief({ ...request, language: request.language ?? options.defaultLanguage });
      const brand = await ruleBook.resolve(request.brand ?? options.defaultBrand);
      const [channel] = field.split('.');
      const rules = brand && ruleBook.rulesOf(brand)({ name: field, role: spec.role, channel });
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

function readsExamples(writer: Writer): boolean {
  return writer.immediate !== true;
}

function requireCount(count: number): number {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_COUNT) return count;
  throw new AppError('invalid-input', `count is ${count}; it must be a whole number from 1 to ${MAX_COUNT}`, {
    details: { field: 'count' },
  });
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
