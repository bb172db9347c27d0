import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/errors.ts';
import { createSilentLogger } from '../../../src/core/log.ts';
import { openScorer, type Scorer, type ScorerEvents } from '../../../src/serving/scoring/scorer.ts';
import type { BatchScores, ScoringThread } from '../../../src/serving/scoring/scoring-thread.ts';

/** A thread whose batches end when the test says so; a text's score is its length over 1000. */
interface HandThread extends ScoringThread {
  batches: { texts: readonly string[]; finish: () => void; fail: (error: Error) => void }[];
  die: () => void;
  closed: boolean;
}

/** Three tokens for a text of one word, by the first of which a hand thread knows it again. */
const textOfId: string[] = [];
function tokenize(text: string): number[] {
  const words = text.split(' ').length;
  return [textOfId.push(text) - 1, ...Array<number>(words + 1).fill(0)];
}

function createHandThread(): HandThread {
  const death = new AbortController();
  const gone = new Promise<void>((resolve) => {
    death.signal.addEventListener('abort', () => resolve());
  });
  const die = (): void => death.abort();
  const thread: HandThread = {
    precision: 'fp32',
    maxLength: 128,
    batches: [],
    gone,
    die,
    closed: false,
    close: async () => {
      thread.closed = true;
      die();
      await gone;
    },
    score: (sequences) =>
      new Promise((resolve, reject) => {
        const texts = sequences.map(([id = 0]) => textOfId[id] ?? '');
        thread.batches.push({ texts, finish: () => resolve(scoresOf(texts)), fail: reject });
      }),
  };
  return thread;
}

function scoresOf(texts: readonly string[]): BatchScores {
  return {
    probabilities: Float64Array.from(texts, (text) => text.length / 1000),
    computeMs: 10,
  };
}

const open: Scorer[] = [];
const handThreads: HandThread[] = [];
afterEach(async () => {
  const closing = open.splice(0).map((scorer) => scorer.close());
  for (;;) {
    const left = handThreads.flatMap((thread) => thread.batches.splice(0));
    for (const batch of left) batch.finish();
    if (
      (await Promise.race([
        Promise.all(closing),
        new Promise((resolve) => setImmediate(resolve, 'not yet')),
      ])) !== 'not yet'
    )
      break;
  }
  handThreads.length = 0;
});

async function openTestScorer(
  overrides: {
    threadCount?: number;
    maxQueueTokens?: number;
    maxBatchTokens?: number;
    threads?: () => HandThread;
  } = {},
): Promise<{ scorer: Scorer; dropped: string[]; calls: number[] }> {
  const dropped: string[] = [];
  const calls: number[] = [];
  const events: ScorerEvents = {
    batch: () => undefined,
    call: ({ texts }) => calls.push(texts),
    dropped: (reason, texts) => dropped.push(`${reason} ${texts}`),
  };
  const scorer = await openScorer({
    threadCount: overrides.threadCount ?? 1,
    openThread: async () => {
      const thread = overrides.threads?.() ?? createHandThread();
      handThreads.push(thread);
      return thread;
    },
    tokenize,
    limits: {
      maxBatchTokens: overrides.maxBatchTokens ?? 100,
      maxQueueTokens: overrides.maxQueueTokens ?? 1000,
    },
    events,
    log: createSilentLogger(),
  });
  open.push(scorer);
  return { scorer, dropped, calls };
}

const patient = { timeoutMs: 60_000 };
const first = (): HandThread => handThreads[0] as HandThread;

async function finishAll(): Promise<void> {
  while (handThreads.some((thread) => thread.batches.length > 0)) {
    for (const thread of handThreads) for (const batch of thread.batches.splice(0)) batch.finish();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('scoring', () => {
  it('starts a lone text at once', async () => {
    const { scorer } = await openTestScorer();
    const scores = scorer.score(['a red lipstick'], patient);
    expect(first().batches.map((batch) => batch.texts)).toEqual([['a red lipstick']]);
    await finishAll();
    expect((await scores).probabilities).toEqual([0.014]);
  });

  it('gathers what waits while the thread is busy into one batch', async () => {
    const { scorer } = await openTestScorer();
    const scores = ['one', 'two', 'three', 'four'].map((text) => scorer.score([text], patient));
    expect(first().batches).toHaveLength(1);
    first()
      .batches.splice(0)
      .forEach((batch) => batch.finish());
    await scores[0];
    expect(first().batches.map((batch) => batch.texts.toSorted())).toEqual([['four', 'three', 'two']]);
    await finishAll();
    await Promise.all(scores);
  });

  it('counts the texts of a large call one by one and answers in their order', async () => {
    const { scorer, calls } = await openTestScorer({ threadCount: 2 });
    const texts = Array.from({ length: 100 }, (_, index) => 'x'.repeat(1 + (index % 7)));
    const scores = scorer.score(texts, patient);
    expect(handThreads.every((thread) => thread.batches.every((batch) => batch.texts.length <= 33))).toBe(
      true,
    );
    await finishAll();
    expect((await scores).probabilities).toEqual(texts.map((text) => text.length / 1000));
    expect((await scores).tokens).toBe(300);
    expect(calls).toEqual([100]);
  });

  it('answers nothing for no texts', async () => {
    const { scorer } = await openTestScorer();
    expect((await scorer.score([], patient)).probabilities).toEqual([]);
  });

  it('hands the error of a failed batch to its calls and goes on', async () => {
    const { scorer } = await openTestScorer();
    const failed = scorer.score(['a'], patient);
    const fine = scorer.score(['b'], patient);
    first().batches.shift()?.fail(new AppError('bad-model', 'the model answered NaN'));
    await expect(failed).rejects.toThrow('NaN');
    await finishAll();
    expect((await fine).probabilities).toEqual([0.001]);
  });
});

describe('a full queue', () => {
  it('refuses at once with the time to wait, and takes calls again when there is room', async () => {
    const { scorer, dropped } = await openTestScorer({ maxQueueTokens: 30 });
    const running = scorer.score(['running'], patient);
    const waiting = Array.from({ length: 10 }, (_, index) => scorer.score([`t${index}`], patient));
    const refused = await scorer.score(['one too many'], patient).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'too-busy', details: { limit: 30, waitingTokens: 30 } });
    expect((refused as AppError).details['retryAfterSeconds']).toBeGreaterThanOrEqual(1);
    expect(dropped).toEqual(['overloaded 1']);
    await finishAll();
    await Promise.all([running, ...waiting]);
    const later = scorer.score(['later'], patient);
    await finishAll();
    await expect(later).resolves.toBeDefined();
  });

  it('refuses for good a call that could never fit', async () => {
    const { scorer } = await openTestScorer({ maxQueueTokens: 30 });
    await expect(scorer.score(Array(11).fill('a'), patient)).rejects.toMatchObject({
      code: 'payload-too-large',
      details: { limit: 30, tokens: 33 },
    });
  });
});

describe('a caller who does not wait', () => {
  it('is skipped and counted when it hangs up', async () => {
    const { scorer, dropped } = await openTestScorer();
    const running = scorer.score(['running'], patient);
    const leaving = new AbortController();
    const left = scorer.score(['p', 'q'], { ...patient, signal: leaving.signal });
    const stays = scorer.score(['stays'], patient);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    expect(scorer.waitingTexts).toBe(1);
    first().batches.shift()?.finish();
    await running;
    expect(first().batches.map((batch) => batch.texts)).toEqual([['stays']]);
    await finishAll();
    await stays;
    expect(dropped).toEqual(['hung-up 2']);
  });

  it('is skipped and counted when its deadline passes', async () => {
    const { scorer, dropped } = await openTestScorer();
    const running = scorer.score(['running'], patient);
    await expect(scorer.score(['late'], { timeoutMs: 5 })).rejects.toMatchObject({ code: 'timed-out' });
    expect(dropped).toEqual(['timed-out 1']);
    expect(scorer.waitingTokens).toBe(0);
    await finishAll();
    await running;
  });

  it('is not begun when it hung up before', async () => {
    const { scorer } = await openTestScorer();
    await expect(scorer.score(['x'], { ...patient, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(first().batches).toEqual([]);
  });
});

describe('threads', () => {
  it('are opened again when one dies, and its calls are told', async () => {
    const { scorer } = await openTestScorer();
    const dead = first();
    const lost = scorer.score(['lost'], patient);
    dead.batches.shift()?.fail(new AppError('unavailable', 'the scoring thread ended'));
    dead.die();
    await expect(lost).rejects.toMatchObject({ code: 'unavailable' });
    await expect.poll(() => handThreads.length).toBe(2);
    await expect.poll(() => scorer.liveThreads).toBe(1);
    const next = scorer.score(['next'], patient);
    await finishAll();
    await expect(next).resolves.toBeDefined();
  });

  it('serve what waits before they close, and take nothing new', async () => {
    const { scorer } = await openTestScorer();
    const running = scorer.score(['running'], patient);
    const waiting = scorer.score(['waiting'], patient);
    const closed = scorer.close();
    await expect(scorer.score(['late'], patient)).rejects.toMatchObject({ code: 'unavailable' });
    expect(first().closed).toBe(false);
    await finishAll();
    await Promise.all([running, waiting, closed]);
    expect(first().closed).toBe(true);
  });

  it('are all closed when one of them cannot be opened', async () => {
    let opened = 0;
    await expect(
      openTestScorer({
        threadCount: 2,
        threads: () => {
          opened += 1;
          if (opened === 2) throw new AppError('bad-model', 'no model here');
          return createHandThread();
        },
      }),
    ).rejects.toMatchObject({ code: 'bad-model' });
    expect(handThreads.every((thread) => thread.closed)).toBe(true);
  });
});
