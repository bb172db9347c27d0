import { describe, expect, it } from 'vitest';
import { createBrief } from '../../../src/copy/brief/index.ts';
import { createHashtags } from '../../../src/copy/hashtags/index.ts';

/** Title, first sentence, category, noun. */
const PRODUCTS: readonly (readonly [string, string, string, string])[] = [
  ['Stovetop French Press', 'Brews two cups.', 'home', 'french press'],
  ['Coffee Table Oak', 'A low table.', 'home', 'coffee table'],
  ['Bedside Table Dark Cherry', '', 'home', 'bedside table'],
  ['Milk Chocolate', '', 'food', 'chocolate'],
  ['Salt and Pepper Mill', '', 'home', 'pepper mill'],
  ['Set of 6 Wine Glasses', '', 'home', 'wine glasses'],
  ['Reading Glasses', '', 'fashion', 'reading glasses'],
  ['USB-C Hub 7-in-1', '', 'electronics', 'hub'],
  ['Dog Food with Chicken', '', 'food', 'dog food'],
  ['Acme Z800', 'The Acme Z800 is a powerful and agile sportbike.', 'motors', 'sportbike'],
  [
    'Marauder SXT Charger GT',
    'The Marauder SXT Charger GT is a roomy sedan, known for comfort.',
    'motors',
    'sedan',
  ],
  [
    'Pixel Watch Series 4',
    'The Pixel Watch Series 4 is an advanced smartwatch.',
    'electronics',
    'smartwatch',
  ],
  ['Otello Night', 'Otello Night by Otello is a classic fragrance, fresh and clean.', 'beauty', 'fragrance'],
  ['Women’s Linen Wrap Dress', '', 'fashion', 'wrap dress'],
  ['Hiking Boots for Men', '', 'sports', 'hiking boots'],
  ['Shoe Rack', '', 'home', 'shoe rack'],
  ['Running Shoes', '', 'fashion', 'running shoes'],
  ['Phone Case Plum', '', 'electronics', 'phone case'],
  ['iPhone X', 'The iPhone X is a flagship smartphone.', 'electronics', 'iPhone'],
  ['Baby Monitor', '', 'toys', 'baby monitor'],
  ['Puzzle 1000 Pieces', 'The Puzzle is a view of the sea.', 'toys', 'puzzle'],
  ['Bullet Journal A5', '', 'books', 'bullet journal'],
  ['Vitamin Pack', '', 'health', 'vitamin pack'],
];

describe('what a record is about', () => {
  it.each(PRODUCTS)('is found for %j (%s): %s, a %s', (title, description, category, kind) => {
    expect(createBrief({ title, description })).toMatchObject({ category, kind });
  });

  it('gives each product a hashtag of its own noun, and none of another trade', () => {
    for (const [title, description, , kind] of PRODUCTS) {
      const tags = createHashtags(createBrief({ title, description }), 5, () => false);
      const noun = kind.replaceAll(' ', '').toLowerCase();
      expect(
        tags.some((tag) => tag.toLowerCase().includes(noun)),
        `${title}: ${tags.join(' ')}`,
      ).toBe(true);
    }
    const press = createBrief({ title: 'Stovetop French Press', description: 'Brews food-safe coffee.' });
    expect(createHashtags(press, 5, () => false).join(' ')).toBe(
      '#StovetopFrenchPress #FrenchPress #CoffeeTime #CoffeeAtHome #KitchenFinds',
    );
  });

  it('is told by hints where no noun is known, and is unknown where nothing hints', () => {
    expect(
      createBrief({ title: 'Zorblax', description: 'For skin and hair, with a floral scent.' }).category,
    ).toBe('beauty');
    expect(createBrief({ title: 'Zorblax', description: '' })).toMatchObject({
      category: 'unknown',
      kind: '',
    });
  });
});
