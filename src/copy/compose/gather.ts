/** From proposals to texts that may leave: the writer's own first, then the fallback's, then lines that hold for any product. */
import { setImmediate } from 'node:timers/promises';
import { AppError, toError } from '../../core/errors.ts';
import type { Brief } from '../brief/index.ts';
import { shorten } from '../channels/index.ts';
import { checkText, sameTextKey, type BannedWords, type ClaimSource } from '../check/index.ts';
import {
  plainLines,
  type Writer,
  type WriteOptions,
  type WriteOrder,
  type WriterName,
} from '../writers/index.ts';

export interface Accepted {
  text: string;
  writer: WriterName;
}

export interface Gathered {
  /** Per order, in its order. Never empty. */
  fields: Accepted[][];
  /** Why the fallback wrote, or undefined when it did not. */
  fallbackReason: string | undefined;
}

export interface GatherRules {
  banned: BannedWords;
  source: ClaimSource;
}

export interface GatherOptions extends WriteOptions {
  /** After so long the fallback writes in the writer's place. */
  withinMs?: number;
}

const MORE_ROUNDS = 3;
const TEXTS_PER_TURN = 64;

/** @throws AppError `invalid-input` when the banned words leave no text at all. */
export async function gatherTexts(
  brief: Brief,
  orders: readonly WriteOrder[],
  writers: { writer: Writer; fallback: Writer },
  rules: GatherRules,
  { withinMs, ...options }: GatherOptions,
): Promise<Gathered> {
  const shelves = orders.map((order) => createShelf(order, rules));
  const { writer, fallback } = writers;
  const failure = await fillShelves(shelves, brief, writer, options, withinMs);
  let reason = failure;
  const short = shelves.filter((shelf) => shelf.missing() > 0);
  if (short.length > 0 && writer.name !== fallback.name) {
    reason ??= describeShortage(shelves, writer.name);
    await fillShelves(short, brief, fallback, options);
  }
  // Some proposals are refused (banned words, repeats): other seeds give others.
  for (let round = 1; round <= MORE_ROUNDS; round += 1) {
    const open = shelves.filter((shelf) => shelf.missing() > 0);
    if (open.length > 0) await fillShelves(open, brief, fallback, { ...options, seed: options.seed + round });
  }
  for (const shelf of shelves) {
    if (shelf.texts.length < shelf.least)
      for (const line of plainLines(shelf.order.role)) shelf.offer(line, 'templates');
    if (shelf.texts.length === 0) {
      throw new AppError(
        'invalid-input',
        `bannedWords leave no text for ${shelf.order.field}: ban fewer words`,
        {
          details: { field: 'bannedWords' },
        },
      );
    }
  }
  return { fields: shelves.map((shelf) => shelf.texts), fallbackReason: reason };
}

/** Returns in words why the writer failed as a whole, or undefined. */
async function fillShelves(
  shelves: readonly Shelf[],
  brief: Brief,
  writer: Writer,
  options: WriteOptions,
  withinMs?: number,
): Promise<string | undefined> {
  const orders = shelves.map((shelf) => shelf.order);
  let proposals: string[][];
  try {
    if (writer.immediate === true) return await fillOneByOne(shelves, brief, writer, options);
    proposals = await writer.write(brief, orders, limitTime(options, withinMs));
  } catch (thrown) {
    if (options.signal?.aborted === true) throw thrown;
    return `${writer.name} failed: ${toError(thrown).message}`;
  }
  for (const [index, shelf] of shelves.entries()) {
    for (const text of proposals[index] ?? []) shelf.offer(text, writer.name);
  }
  return undefined;
}

/** Many candidates for many fields are hundreds of milliseconds of work: a server that did it in one go would answer nobody meanwhile. */
async function fillOneByOne(
  shelves: readonly Shelf[],
  brief: Brief,
  writer: Writer,
  options: WriteOptions,
): Promise<undefined> {
  let texts = 0;
  for (const shelf of shelves) {
    // A small request has no pause: it would wait for a turn of the event loop longer than it works.
    if (texts >= TEXTS_PER_TURN) {
      await setImmediate();
      texts = 0;
    }
    texts += shelf.order.count;
    const answer = writer.write(brief, [shelf.order], options);
    const [proposals = []] = Array.isArray(answer) ? answer : await answer;
    for (const text of proposals) shelf.offer(text, writer.name);
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

interface Shelf {
  order: WriteOrder;
  texts: Accepted[];
  refusals: string[];
  least: number;
  missing(): number;
  offer(text: string, writer: WriterName): void;
}

function createShelf(order: WriteOrder, rules: GatherRules): Shelf {
  const seen = new Set<string>();
  const shelf: Shelf = {
    order,
    texts: [],
    refusals: [],
    least: Math.min(order.count, order.role === 'headline' || order.role === 'description' ? 3 : 1),
    missing: () => order.count - shelf.texts.length,
    offer(proposal, writer) {
      if (shelf.missing() <= 0) return;
      // A text cut after a whole sentence still reads well; one cut anywhere else is refused as too long.
      const text = order.fits(proposal) ? proposal : shortenBySentence(proposal, order);
      const verdict = checkText(text, { fits: order.fits, plain: order.plain, ...rules });
      // Of one text there is nothing that it could repeat.
      const key = order.count === 1 ? '' : sameTextKey(text);
      if (verdict === undefined && !seen.has(key)) {
        seen.add(key);
        shelf.texts.push({ text, writer });
      } else {
        shelf.refusals.push(verdict === undefined ? 'it repeats another' : verdict.reason);
      }
    },
  };
  return shelf;
}

function shortenBySentence(text: string, order: WriteOrder): string {
  const cut = shorten(text, { fits: order.fits, maxUnits: order.maxChars * 4 });
  return /[.!?]["'\u201d\u2019)]?$/u.test(cut) ? cut : text;
}

function describeShortage(shelves: readonly Shelf[], writer: WriterName): string {
  const wanted = shelves.reduce((sum, shelf) => sum + shelf.order.count, 0);
  const missing = shelves.reduce((sum, shelf) => sum + shelf.missing(), 0);
  const reasons = [...new Set(shelves.flatMap((shelf) => shelf.refusals))].slice(0, 3);
  const because = reasons.length === 0 ? 'it proposed too few' : `refused because ${reasons.join('; ')}`;
  return `${writer} left ${missing} of ${wanted} texts open (${because})`;
}
