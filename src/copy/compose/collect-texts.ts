/**
 * From proposals to texts that may leave: those of the writers first, in their order or all together, then
 * the fallback's, then lines that hold for any product.
 */
import { setImmediate } from 'node:timers/promises';
import type { WriterName } from '../../core/config/index.ts';
import { AppError, toError } from '../../core/errors.ts';
import type { Brief } from '../brief/index.ts';
import {
  plainLines,
  type Authorship,
  type RefusedText,
  type Writer,
  type WriteOptions,
} from '../writers/index.ts';
import {
  createFieldTexts,
  saysAllFacts,
  type AcceptedText,
  type CollectRules,
  type FieldTexts,
  type RuledRequest,
} from './field-texts.ts';

/** What a writer's model did for one request. */
export interface WriterNote extends Authorship {
  writer: WriterName;
  seed: number;
  /** Ids of those that it was shown. */
  examples: readonly string[];
}

/** A text that was proposed and may not leave, with the reason. */
export interface Refusal extends RefusedText {
  field: string;
  writer: WriterName;
}

export interface CollectedTexts {
  /** One list for each field asked for, in the order of the requests. Never empty. */
  fields: AcceptedText[][];
  /** Why another than the first writer wrote, or undefined when none did. */
  fallbackReason: string | undefined;
  notes: WriterNote[];
  refusals: Refusal[];
}

export interface CollectOptions extends Omit<WriteOptions, ToldByAsking> {
  /** All writers of a field propose, rather than each what those before it left open. */
  together?: boolean | undefined;
  /** Called at once, so that what was spent is known whatever becomes of the request. */
  onNote?: ((note: WriterNote) => void) | undefined;
  /** After so long the fallback writes in the writers' place. */
  withinMs?: number | undefined;
}

type ToldByAsking = 'note' | 'refused' | 'said' | 'unfit';

const MORE_ROUNDS = 3;
const TEXTS_PER_TURN = 64;

/** @throws AppError `invalid-input` when the banned words leave no text at all. */
export async function collectTexts(
  brief: Brief,
  plans: readonly RuledRequest[],
  fallback: Writer,
  rules: CollectRules,
  { withinMs, together = false, onNote, ...writing }: CollectOptions,
): Promise<CollectedTexts> {
  const groups = new Map<string, FieldTexts[]>();
  const fields = plans.map((plan) => {
    const { name, role } = plan.request;
    const place = name.includes('.') ? `${name.slice(0, name.indexOf('.'))} ${role}` : name;
    const beside = groups.get(place) ?? [];
    groups.set(place, beside);
    return createFieldTexts(plan, rules, together, beside);
  });
  const notes: WriterNote[] = [];
  const note = (taken: WriterNote): void => {
    notes.push(taken);
    onNote?.(taken);
  };
  const asking: Asking = { brief, writing, timely: limitTime(writing, withinMs), note };
  const reasons = await (together ? askAll(fields, asking) : askInTurn(fields, asking));
  const short = fields.filter((field) => field.missing() > 0);
  // Who has said all it can is not asked the same again.
  const unasked = short.filter(({ writers }) => !writers.some(({ name }) => name === fallback.name));
  if (unasked.length > 0) await askWriter(unasked, fallback, asking);
  // Some proposals are refused (banned words, repeats): another seed gives others than those.
  for (let round = 1; round <= MORE_ROUNDS; round += 1) {
    const open = fields.filter((field) => field.missing() > 0 && !saysAllFacts(field));
    const others = { ...writing, seed: writing.seed + round };
    if (open.length > 0) await askWriter(open, fallback, { ...asking, writing: others });
  }
  for (const field of fields) {
    // Of a product that nothing is said of, a bullet says its name rather than a call.
    if (field.texts.length === 0 && field.request.role === 'bullet') field.offer(brief.name, 'templates');
    if (field.texts.length < field.least)
      for (const line of plainLines(field.request.role, brief.language)) field.offer(line, 'templates');
    // What a brand forbids may be in every sentence of ours: what the product is called says no more than it.
    if (field.texts.length === 0 && field.isRuled)
      for (const line of [brief.name, brief.title]) field.offer(line, 'templates');
    if (field.texts.length === 0) throw nothingLeft(field);
  }
  return {
    fields: fields.map((field) => field.texts),
    fallbackReason: reasons.length === 0 ? undefined : reasons.join('; '),
    notes,
    refusals: fields.flatMap(({ request, refusals }) =>
      refusals.map((refusal) => ({ field: request.name, ...refusal })),
    ),
  };
}

interface Asking {
  brief: Brief;
  writing: Omit<WriteOptions, ToldByAsking>;
  /** The same within the time that writers have. */
  timely: Omit<WriteOptions, ToldByAsking>;
  note(taken: WriterNote): void;
}

/** Each field's writers one after the other, until none of its texts is missing. Returns what failed. */
async function askInTurn(fields: readonly FieldTexts[], asking: Asking): Promise<string[]> {
  const reasons: string[] = [];
  const ranks = Math.max(...fields.map(({ writers }) => writers.length));
  for (let rank = 0; rank < ranks; rank += 1) {
    const open = fields.filter((field) => field.missing() > 0);
    const work = groupByWriter(open, (field) => field.writers.slice(rank, rank + 1));
    const failed = await Promise.all(
      work.map(async ([writer, asked]) => {
        const reason = await askWriter(asked, writer, asking);
        const isLast = asked.every(({ writers }) => writers.length === rank + 1);
        return reason ?? (isLast && writer.immediate === true ? undefined : describeShortage(asked, writer));
      }),
    );
    reasons.push(...failed.filter((reason) => reason !== undefined));
  }
  return reasons;
}

/** All writers at the same time; their texts are taken in the order of preference, whoever is ready first. */
async function askAll(fields: readonly FieldTexts[], asking: Asking): Promise<string[]> {
  const work = groupByWriter(fields, ({ writers }) => writers);
  const answers = await Promise.all(
    work.map(async ([writer, asked]) => ({ writer, asked, answer: await callWriter(asked, writer, asking) })),
  );
  const reasons: string[] = [];
  for (const { writer, asked, answer } of answers) {
    if (typeof answer === 'string') reasons.push(answer);
    else takeTexts(asked, answer, writer.name);
  }
  return reasons;
}

function groupByWriter(
  fields: readonly FieldTexts[],
  writersOf: (field: FieldTexts) => readonly Writer[],
): [Writer, FieldTexts[]][] {
  const groups = new Map<Writer, FieldTexts[]>();
  for (const field of fields)
    for (const writer of writersOf(field)) groups.set(writer, [...(groups.get(writer) ?? []), field]);
  return [...groups];
}

/**
 * Asks, and asks again with the reasons where texts were refused. Returns in words why the writer failed as a
 * whole, or undefined.
 */
async function askWriter(
  fields: readonly FieldTexts[],
  writer: Writer,
  asking: Asking,
): Promise<string | undefined> {
  if (writer.immediate === true) {
    return await orReason(writer, asking, async () => await askFieldByField(fields, writer, asking));
  }
  const before = new Map(fields.map((field) => [field, field.refusals.length]));
  const answer = await callWriter(fields, writer, asking);
  if (typeof answer === 'string') return answer;
  takeTexts(fields, answer, writer.name);
  for (let repair = 0; repair < (writer.repairs ?? 0); repair += 1) {
    const open = fields.filter((field) => field.missing() > 0);
    const refused = Object.fromEntries(
      open.map((field) => [field.request.name, field.refusals.slice(before.get(field) ?? 0)]),
    );
    if (!Object.values(refused).some((list) => list.length > 0)) return undefined;
    const again = await callWriter(open, writer, asking, refused);
    // What was good stays good, though nothing better came of the rest.
    if (typeof again === 'string') return undefined;
    takeTexts(open, again, writer.name);
  }
  return undefined;
}

/** The proposals, or in words why there are none. */
async function callWriter(
  fields: readonly FieldTexts[],
  writer: Writer,
  { brief, timely, writing, note: take }: Asking,
  refused?: WriteOptions['refused'],
): Promise<string[][] | string> {
  const note = (authorship: Authorship): void =>
    take({ writer: writer.name, seed: writing.seed, examples: listExamples(fields, writing), ...authorship });
  const requests = fields.map(({ request, missing }) =>
    refused === undefined ? request : { ...request, count: missing() },
  );
  try {
    return await writer.write(brief, requests, { ...timely, refused, ...listSaid(fields), note });
  } catch (thrown) {
    if (writing.signal?.aborted === true) throw thrown;
    return `${writer.name} failed: ${toError(thrown).message}`;
  }
}

function listSaid(fields: readonly FieldTexts[]): Pick<WriteOptions, 'said' | 'unfit'> {
  return {
    said: byField(fields, ({ beside }) => beside.flatMap(({ texts }) => texts)),
    unfit: byField(fields, ({ refusals }) => refusals),
  };
}

/** undefined where there are none at all. */
function byField(
  fields: readonly FieldTexts[],
  list: (field: FieldTexts) => readonly { text: string }[],
): WriteOptions['said'] {
  const texts = fields.map((field) => [field.request.name, list(field).map(({ text }) => text)] as const);
  return texts.every(([, of]) => of.length === 0) ? undefined : Object.fromEntries(texts);
}

function listExamples(fields: readonly FieldTexts[], { examples = {} }: Asking['writing']): string[] {
  return [...new Set(fields.flatMap(({ request }) => examples[request.name] ?? []).map(({ id }) => id))];
}

async function orReason(
  writer: Writer,
  { writing }: Asking,
  work: () => Promise<undefined>,
): Promise<string | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (writing.signal?.aborted === true) throw thrown;
    return `${writer.name} failed: ${toError(thrown).message}`;
  }
}

function takeTexts(fields: readonly FieldTexts[], proposals: readonly string[][], writer: WriterName): void {
  for (const [index, field] of fields.entries())
    for (const text of proposals[index] ?? []) field.offer(text, writer);
}

/**
 * Many texts for many fields are hundreds of milliseconds of work: a server that did it in one go would
 * answer nobody meanwhile.
 */
async function askFieldByField(
  fields: readonly FieldTexts[],
  writer: Writer,
  { brief, writing }: Asking,
): Promise<undefined> {
  let texts = 0;
  for (const field of fields) {
    // A small request has no pause: it would wait for a turn of the event loop longer than it works.
    if (texts >= TEXTS_PER_TURN) {
      await setImmediate();
      texts = 0;
    }
    const count = field.missing();
    texts += count;
    const answer = writer.write(brief, [{ ...field.request, count }], {
      ...writing,
      ...listSaid([field]),
    });
    const [proposals = []] = Array.isArray(answer) ? answer : await answer;
    for (const text of proposals) field.offer(text, writer.name);
  }
}

function limitTime<T extends Pick<WriteOptions, 'signal'>>(options: T, withinMs: number | undefined): T {
  if (withinMs === undefined) return options;
  const deadline = AbortSignal.timeout(withinMs);
  return {
    ...options,
    signal: options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]),
  };
}

function nothingLeft({ request, refusals, isRuled }: FieldTexts): AppError {
  const last = refusals.at(-1)?.reason ?? 'it is empty';
  return new AppError(
    'invalid-input',
    isRuled
      ? `bannedWords and the brand's rules leave no text for ${request.name} (of the last one ${last}): ban fewer words, or let the brand deviate there`
      : `bannedWords leave no text for ${request.name}: ban fewer words`,
    { details: { field: isRuled ? 'brand' : 'bannedWords' } },
  );
}

/** undefined where nothing is missing. */
function describeShortage(fields: readonly FieldTexts[], writer: Writer): string | undefined {
  const wanted = fields.reduce((sum, field) => sum + field.request.count, 0);
  const missing = fields.reduce((sum, field) => sum + field.missing(), 0);
  if (missing === 0) return undefined;
  const own = fields.flatMap(({ refusals }) => refusals.filter((each) => each.writer === writer.name));
  const reasons = [...new Set(own.map(({ reason }) => reason))].slice(0, 3);
  const because = reasons.length === 0 ? 'it proposed too few' : `refused because ${reasons.join('; ')}`;
  return `${writer.name} left ${missing} of ${wanted} texts open (${because})`;
}
