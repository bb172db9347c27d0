import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { createFairLane, createFairQueue } from '../../../src/serving/scoring/fair-queue.ts';

const text = (value: string, tokens = 10) => ({ value, tokens });
const many = (name: string, count: number, tokens = 10) =>
  Array.from({ length: count }, (_, index) => text(`${name}${index}`, tokens));

describe('a batch', () => {
  it('never costs more than the budget once padded to its longest text', () => {
    const random = createRandom(1);
    const queue = createFairQueue<number>();
    for (let call = 0; call < 50; call += 1) {
      queue.push(
        Array.from({ length: 1 + random.below(20) }, () => 3 + random.below(126)).map((n) => ({
          value: n,
          tokens: n,
        })),
      );
    }
    const total = queue.waitingTexts;
    let taken = 0;
    while (queue.waitingTexts > 0) {
      const batch = queue.takeBatch(512);
      taken += batch.length;
      expect(batch.length).toBeGreaterThan(0);
      expect(Math.max(...batch) * batch.length).toBeLessThanOrEqual(512);
    }
    expect(taken).toBe(total);
    expect(queue.waitingTokens).toBe(0);
  });

  it('takes a text longer than the budget alone', () => {
    const queue = createFairQueue<string>();
    queue.push([text('long', 600), text('short', 5)]);
    expect(queue.takeBatch(512)).toEqual(['long']);
    expect(queue.takeBatch(512)).toEqual(['short']);
    expect(queue.takeBatch(512)).toEqual([]);
  });

  it('holds the text whose turn it is and others of like length', () => {
    const queue = createFairQueue<string>();
    queue.push([text('first', 100)]);
    queue.push(many('short', 8, 10));
    queue.push(many('like', 4, 98));
    expect(queue.takeBatch(512).toSorted()).toEqual(['first', 'like0', 'like1', 'like2', 'like3']);
  });

  it('takes a neighbour along where its padding costs less than a run of its own, and not otherwise', () => {
    const queue = createFairQueue<string>();
    queue.push([text('first', 60)]);
    queue.push([text('near', 50)]);
    queue.push([text('far', 20)]);
    expect(queue.takeBatch(512).toSorted()).toEqual(['first', 'near']);
    expect(queue.takeBatch(512)).toEqual(['far']);
  });

  it('bears less padding the more texts share a run already', () => {
    const takenBeside = (count: number): number => {
      const queue = createFairQueue<string>();
      queue.push([text('first', 60)]);
      queue.push(many('like', count - 1, 60));
      queue.push([text('shorter', 52)]);
      return queue.takeBatch(512).length;
    };
    expect(takenBeside(1)).toBe(2);
    expect(takenBeside(4)).toBe(4);
  });
});

describe('fairness', () => {
  it('serves a call of one text at once although ten thousand texts wait before it', () => {
    const queue = createFairQueue<string>();
    queue.push(many('bulk', 10_000));
    queue.takeBatch(100);
    queue.push([text('single')]);
    expect(queue.takeBatch(100)).toContain('single');
  });

  it('keeps serving a large call while small ones never stop coming', () => {
    const queue = createFairQueue<string>();
    queue.push(many('bulk', 1000));
    let bulkServed = 0;
    for (let round = 0; round < 200; round += 1) {
      for (let call = 0; call < 12; call += 1) queue.push([text(`single${round}.${call}`)]);
      bulkServed += queue.takeBatch(100).filter((name) => name.startsWith('bulk')).length;
    }
    expect(bulkServed).toBeGreaterThan(10);
  });

  it('counts the calls of one lane as one', () => {
    const queue = createFairQueue<string>();
    const lane = createFairLane();
    for (let call = 0; call < 100; call += 1) queue.push([text(`bulk${call}`)], lane);
    queue.push(many('other', 100));
    const served = [queue.takeBatch(200), queue.takeBatch(200), queue.takeBatch(200)].flat();
    expect(served.filter((name) => name.startsWith('other')).length).toBe(30);
  });

  it('serves calls of one text in the order they came', () => {
    const queue = createFairQueue<number>();
    for (let call = 0; call < 300; call += 1) queue.push([{ value: call, tokens: 10 }]);
    const served: number[] = [];
    while (queue.waitingTexts > 0) served.push(...queue.takeBatch(40));
    expect(served).toEqual(served.toSorted((a, b) => a - b));
  });
});

describe('cancelling', () => {
  it('takes out only what still waits and frees its tokens', () => {
    const queue = createFairQueue<string>();
    const call = queue.push(many('a', 10));
    queue.push([text('b')]);
    expect(queue.takeBatch(30)).toHaveLength(3);
    expect(call.cancel()).toBeGreaterThanOrEqual(7);
    expect(call.cancel()).toBe(0);
    expect(queue.waitingTokens).toBe(10 * queue.waitingTexts);
    const rest: string[] = [];
    while (queue.waitingTexts > 0) rest.push(...queue.takeBatch(30));
    expect(rest.filter((name) => name.startsWith('a'))).toEqual([]);
  });

  it('leaves nothing to serve when all calls hung up', () => {
    const queue = createFairQueue<string>();
    const calls = Array.from({ length: 100 }, () => queue.push(many('x', 50)));
    for (const call of calls) call.cancel();
    expect(queue.waitingTexts).toBe(0);
    expect(queue.takeBatch(1000)).toEqual([]);
  });
});
