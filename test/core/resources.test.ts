import { describe, expect, it } from 'vitest';
import { createSilentLogger } from '../../src/core/log.ts';
import { createResources, withResources } from '../../src/core/resources.ts';

describe('the resource stack', () => {
  it('releases last in, first out, and once', async () => {
    const order: string[] = [];
    const resources = createResources(createSilentLogger());
    for (const name of ['database', 'queue', 'server']) resources.defer(name, () => void order.push(name));
    await Promise.all([resources.release(), resources.release()]);
    expect(order).toEqual(['server', 'queue', 'database']);
  });

  it('releases the rest when one fails, and throws the first error at the end', async () => {
    const order: string[] = [];
    const resources = createResources(createSilentLogger());
    resources.defer('database', () => void order.push('database'));
    resources.defer('queue', () => {
      throw new Error('queue stuck');
    });
    await expect(resources.release()).rejects.toThrow('queue stuck');
    expect(order).toEqual(['database']);
  });

  it('leaves what does not close and releases the rest, waiting without limit only for what bounds itself', async () => {
    const order: string[] = [];
    const resources = createResources(createSilentLogger(), 50);
    resources.defer('database', () => void order.push('database'));
    resources.add('server', {
      closesWithinMs: Infinity,
      close: () => new Promise((resolve) => setTimeout(resolve, 200)).then(() => void order.push('server')),
    });
    resources.defer('queue', () => new Promise(() => undefined));
    await expect(resources.release()).rejects.toThrow('queue is not released after 50 ms');
    expect(order).toEqual(['server', 'database']);
  });

  it('unwinds when start-up fails half way', async () => {
    let closed = false;
    const start = withResources(createSilentLogger(), async (resources) => {
      resources.add('database', { close: () => void (closed = true) });
      throw new Error('port taken');
    });
    await expect(start).rejects.toThrow('port taken');
    expect(closed).toBe(true);
  });
});
