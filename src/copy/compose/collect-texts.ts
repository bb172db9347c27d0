/**
 * From proposals to texts that may leave: the writer's own first, then the fallback's, then lines that hold
 * for any product.
 */
import { setImmediate } from 'node:timers/promises';
import type { WriterName } from '../../core/config/index.ts';
import { AppError, toError } from '../../core/errors.ts';
import { foldText, type Brief } from '../brief/index.ts';
import { shorten } from '../channels/index.ts';
import type { FieldRules, RuledRecord } from '../brand/index.ts';
import { checkText, sameTextKey, type BannedWords, type ClaimSource, type Finding } from '../check/index.ts';
import { plainLines, type FieldRequest, type Writer, type WriteOptions } from '../writers/index.ts';

export interface AcceptedText {
  text: string;
  writer: WriterName;
}

export interface CollectedTexts {
  /** One list for each field asked for, in the order of the requests. Never empty. */
  fields: AcceptedText[][];
  /** Why the fallback wrote, or undefined when it did not. */
  fallbackReason: string | undefined;
}

export interface CollectRules {
  banned: BannedWords;
  source: ClaimSource;
  /** What a brand's rules are held against. */
  record: RuledRecord;
}

/** A field to fill, and what its brand asks of the texts. */
export interface RuledRequest {
  request: FieldRequest;
  rules: FieldRules | undefined;
}

export interface CollectOptions extends WriteOptions {
  /** After so long the fallback writes in the writer's place. */
  withinMs?: number;
}

const MORE_ROUNDS = 3;
const TEXTS_PER_TURN = 64;

/** @throws AppError `invalid-input` when the banned words leave no text at all. */
export async function collectTexts(
  brief: Brief,
  plans: readonly RuledRequest[],
  writers: { writer: Writer; fallback: Writer },
  rules: CollectRules,
  { withinMs, ...options }: CollectOptions,
): Promise<CollectedTexts> {
  const fields = plans.map((plan) => createFieldTexts(plan, rules));
  const { writer, fallback } = writers;
  const failure = await askWriter(fields, brief, writer, options, withinMs);
  let reason = failure;
  const short = fields.filter((field) => field.missing() > 0);
  if (short.length > 0 && writer.name !== fallback.name) {
    reason ??= describeShortage(fields, writer.name);
    await askWriter(short, brief, fallback, options);
  }
  // Some proposals are refused (banned words, repeats): other seeds give others.
  for (let round = 1; round <= MORE_ROUNDS; round += 1) {
    const open = fields.filter((field) => field.missing() > 0);
    if (open.length > 0) await askWriter(open, brief, fallback, { ...options, seed: options.seed + round });
  }
  for (const field of fields) {
    if (field.texts.length < field.least)
      for (const line of plainLines(field.request.role, brief.language)) field.offer(line, 'templates');
    // What a brand forbids may be in every sentence of ours: what the product is called says no more than it.
    if (field.texts.length === 0 && field.isRuled)
      for (const line of [brief.name, brief.title]) field.offer(line, 'templates');
    if (field.texts.length === 0) throw nothingLeft(field);
  }
  return { fields: fields.map((field) => field.texts), fallbackReason: reason };
}

function nothingLeft({ request, refusals, isRuled }: FieldTexts): AppError {
  const last = refusals.at(-1) ?? 'it is empty';
  return new AppError(
    'invalid-input',
    isRuled
      ? `bannedWords and the brand's rules leave no text for ${request.name} (of the last one ${last}): ban fewer words, or let the brand deviate there`
      : `bannedWords leave no text for ${request.name}: ban fewer words`,
    { details: { field: isRuled ? 'brand' : 'bannedWords' } },
  );
}

/** Returns in words why the writer failed as a whole, or undefined. */
async function askWriter(
  fields: readonly FieldTexts[],
  brief: Brief,
  writer: Writer,
  options: WriteOptions,
  withinMs?: number,
): Promise<string | undefined> {
  let proposals: string[][];
  try {
    if (writer.immediate === true) return await askFieldByField(fields, brief, writer, options);
    const requests = fields.map(({ request }) => request);
    proposals = await writer.write(brief, requests, limitTime(options, withinMs));
  } catch (thrown) {
    if (options.signal?.aborted === true) throw thrown;
    return `${writer.name} failed: ${toError(thrown).message}`;
  }
  for (const [index, field] of fields.entries()) {
    for (const text of proposals[index] ?? []) field.offer(text, writer.name);
  }
  return undefined;
}

/**
 * Many texts for many fields are hundreds of milliseconds of work: a server that did it in one go would
 * answer nobody meanwhile.
 */
async function askFieldByField(
  fields: readonly FieldTexts[],
  brief: Brief,
  writer: Writer,
  options: WriteOptions,
): Promise<undefined> {
  let texts = 0;
  for (const field of fields) {
    // A small request has no pause: it would wait for a turn of the event loop longer than it works.
    if (texts >= TEXTS_PER_TURN) {
      await setImmediate();
      texts = 0;
    }
    texts += field.request.count;
    const answer = writer.write(brief, [field.request], options);
    const [proposals = []] = Array.isArray(answer) ? answer : await answer;
    for (const text of proposals) field.offer(text, writer.name);
  }
}

function limitTime(options: WriteOptions, withinMs: number | undefined): WriteOptions {
  if (withinMs === undefined) return options;
  const deadline = AbortSignal.timeout(withinMs);
  return {
    ...options,
    signal: options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]),
  };
}

/** What one field has so far. */
interface FieldTexts {
  request: FieldRequest;
  texts: AcceptedText[];
  refusals: string[];
  least: number;
  /** Whether a brand's rules hold here. */
  isRuled: boolean;
  missing(): number;
  offer(text: string, writer: WriterName): void;
}

function createFieldTexts({ request, rules: ruled }: RuledRequest, rules: CollectRules): FieldTexts {
  const { record, ...checks } = rules;
  const mend = (text: string): string => ruled?.mend(text, record) ?? text;
  const fits = (text: string): boolean => request.fits(mend(text));
  const seen = new Set<string>();
  const field: FieldTexts = {
    request,
    texts: [],
    refusals: [],
    least: Math.min(request.count, request.role === 'headline' || request.role === 'description' ? 3 : 1),
    isRuled: ruled !== undefined,
    missing: () => request.count - field.texts.length,
    offer(proposal, writer) {
      if (field.missing() <= 0) return;
      // A text cut after a whole sentence still reads well; one cut anywhere else is refused as too long.
      const text = mend(fits(proposal) ? proposal : shortenBySentence(proposal, fits, request.maxChars * 4));
      const finding =
        checkText(text, { fits: request.fits, plain: request.plain, ...checks }) ??
        findBanned(text, ruled) ??
        ruled?.check(text, record);
      // Of one text there is nothing that it could repeat.
      const key = request.count === 1 ? '' : sameTextKey(text);
      if (finding === undefined && !seen.has(key)) {
        seen.add(key);
        field.texts.push({ text, writer });
      } else {
        field.refusals.push(finding === undefined ? 'it repeats another' : finding.reason);
      }
    },
  };
  return field;
}

function findBanned(text: string, rules: FieldRules | undefined): Finding | undefined {
  const banned = rules?.banned(foldText(text));
  return banned === undefined
    ? undefined
    : { refusal: 'brand-rule', reason: `it holds "${banned}", which the brand does not use` };
}

function shortenBySentence(text: string, fits: (text: string) => boolean, maxUnits: number): string {
  const cut = shorten(text, { fits, maxUnits });
  return /[.!?]["'\u201d\u2019)]?$/u.test(cut) ? cut : text;
}

function describeShortage(fields: readonly FieldTexts[], writer: WriterName): string {
  const wanted = fields.reduce((sum, field) => sum + field.request.count, 0);
  const missing = fields.reduce((sum, field) => sum + field.missing(), 0);
  const reasons = [...new Set(fields.flatMap((field) => field.refusals))].slice(0, 3);
  const because = reasons.length === 0 ? 'it proposed too few' : `refused because ${reasons.join('; ')}`;
  return `${writer} left ${missing} of ${wanted} texts open (${because})`;
}
