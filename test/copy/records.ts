/** Product records of many kinds, put together from a seed, for tests that need thousands of them. */
import type { Random } from '../../src/core/random.ts';

const ADJECTIVES = [
  'Compact',
  'Classic',
  'Wireless',
  'Foldable',
  'Soft',
  'Vintage',
  'Ultra',
  'Everyday',
  'Nordic',
  'Urban',
];
const NOUNS = [
  'Headphones',
  'Laptop',
  'Rain Jacket',
  'Desk Lamp',
  'Yoga Mat',
  'Lip Balm',
  'Puzzle',
  'Cookbook',
  'Vitamin C',
  'Widget',
  'Coffee Grinder',
  'Running Shoes',
];
const BRANDS = ['Acme', 'Norvik', 'Lumo', 'Tessera', 'Blue & Co', "O'Hara", 'Zürich'];
const SENTENCES = [
  'The {n} is a versatile choice for everyday use.',
  'With a lightweight frame and soft edges, it provides a comfortable grip.',
  'It features a {k}-hour battery and a bright display.',
  'Designed to simplify your mornings, it fits small spaces.',
  'Ideal for students and travelers.',
  'Save up to {k}% of space.',
  'It is not waterproof.',
  'I bought this twice and never regretted it.',
  'Made of recycled cotton and solid oak.',
  'Available in {k} colors, from $19.99.',
  'Includes a carrying pouch, a cable and a guide.',
  'Known for its timeless design and reliable performance.',
];

export function drawRecord(random: Random): { title: string; description: string } {
  const noun = random.pick(NOUNS);
  const parts = [
    random.chance(0.5) ? random.pick(BRANDS) : '',
    random.chance(0.7) ? random.pick(ADJECTIVES) : '',
    noun,
  ];
  if (random.chance(0.2)) parts.push(`- ${random.below(900)} ml, Blue`);
  const title = parts.filter(Boolean).join(' ');
  const sentences = Array.from({ length: random.below(5) }, () => random.pick(SENTENCES));
  return {
    title,
    description: sentences
      .join(' ')
      .replaceAll('{n}', noun)
      .replaceAll('{k}', String(2 + random.below(60))),
  };
}
