import { describe, expect, it } from 'vitest';
import { isForeign } from '../../../src/copy/brief/index.ts';
import { createCopywriter, loadChannels } from '../../../src/copy/index.ts';

const german = {
  title: 'Schreibtischlampe Nord',
  description: 'Eine kompakte Leuchte mit warmem Licht für kleine Schreibtische.',
};

describe('a product that is not described in English', () => {
  it.each([
    ['German', `${german.title}. ${german.description}`],
    ['French', 'Lampe de bureau. Une lampe compacte à la lumière douce pour les petits bureaux.'],
    ['Spanish', 'Lámpara de escritorio. Una luz compacta y suave para escritorios pequeños.'],
    ['Italian', 'Lampada da scrivania compatta con luce calda per piccole scrivanie e lunghe sere.'],
    ['Japanese', '北欧デスクランプ。小さな机のための柔らかい光。'],
    ['Russian', 'Настольная лампа с мягким светом для маленького стола'],
  ])('is known by its %s', (_, text) => {
    expect(isForeign(text)).toBe(true);
  });

  it.each([
    ['English sentences', 'The Nordic lamp is compact, with a soft glow.'],
    ['English words alone', 'Compact LED desk lamp, foldable arm, 3 brightness levels, USB-C charging port'],
    ['a list of attributes', 'Wireless Mouse 2.4 GHz USB receiver ergonomic design black'],
    ['a name', 'Schreibtischlampe'],
    ['emoji', '🎉🎉🎉'],
    ['nothing', ''],
  ])('is not seen in %s', (_, text) => {
    expect(isForeign(text)).toBe(false);
  });

  it('gets a note beside its copy, and others get none', async () => {
    const copywriter = createCopywriter({ channels: loadChannels() });
    const noteOf = async (product: typeof german): Promise<string[] | undefined> =>
      copywriter.choose(await copywriter.propose({ ...product, count: 1 }), []).notes;
    expect(await noteOf(german)).toEqual([expect.stringMatching(/do not seem to be in English/)]);
    expect(await noteOf({ title: 'Lamp', description: 'A soft light for the desk.' })).toBeUndefined();
  });
});
