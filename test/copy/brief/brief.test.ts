import { describe, expect, it } from 'vitest';
import { createBrief } from '../../../src/copy/brief/index.ts';
import { MAX_AUDIENCE_CHARS, MAX_WORD_CHARS } from '../../../src/copy/brief/index.ts';

const textsOf = (phrases: readonly { text: string }[]): string[] => phrases.map(({ text }) => text);

describe('createBrief', () => {
  it('takes a description apart into what the product is, has, suits and does', () => {
    const { phrases } = createBrief({
      title: 'Egg Slicer',
      description:
        "The Egg Slicer is a convenient tool for slicing boiled eggs. It's perfect for salads, sandwiches, and other dishes. Its sharp blade makes food preparation easy.",
    });
    expect(textsOf(phrases.definitions)).toEqual(['a convenient tool for slicing boiled eggs']);
    expect(textsOf(phrases.occasions)).toEqual(['salads, sandwiches, and other dishes']);
    expect(textsOf(phrases.traits)).toEqual(['its sharp blade']);
    expect(textsOf(phrases.statements)).toEqual([
      'The Egg Slicer is a convenient tool for slicing boiled eggs.',
    ]);
    expect(textsOf(phrases.quotes)).toContain('It is a convenient tool for slicing boiled eggs.');
  });

  it('says in a few words what the product is or has, cut where another clause begins', () => {
    const { phrases } = createBrief({
      title: 'Red Nail Polish',
      description:
        'The Red Nail Polish offers a rich and glossy red hue for vibrant nails. With a quick-drying formula, it provides a salon-quality finish at home. It is a charming addition to your desk.',
    });
    expect(textsOf(phrases.snippets)).toEqual([
      'rich and glossy red hue',
      'quick-drying formula',
      'salon-quality finish',
    ]);
    expect(phrases.leads).toEqual([]);
  });

  it('takes what the product is a way to for no feature, for nothing comes with a way', () => {
    const { phrases } = createBrief({
      title: 'PowerGo',
      description: 'PowerGo offers a convenient way to charge your phone. It features a small display.',
    });
    expect(textsOf(phrases.features)).toEqual(['a small display']);
    expect(textsOf(phrases.quotes)).toContain('It offers a convenient way to charge your phone.');
  });

  it.each([
    ['Zesty and tangy lemons, versatile for baking.', 'zesty and tangy lemons'],
    ['Quality fish steak, suitable for grilling.', 'quality fish steak'],
    ['Versatile cooking oil suitable for frying.', 'versatile cooking oil'],
  ])('takes what %j opens with for what the product is called', (description, lead) => {
    const { phrases } = createBrief({ title: lead.split(' ').at(-1) ?? '', description });
    expect(phrases.leads).toEqual([{ text: lead, sentence: 0 }]);
  });

  it.each([
    [
      'de',
      'Leinenbettwäsche',
      'Bettwäsche aus reinem Leinen, vorgewaschen und weich.',
      'Bettwäsche aus reinem Leinen',
    ],
    [
      'fr',
      'Lampe de chevet',
      'Petite lampe de chevet en céramique avec abat-jour.',
      'Petite lampe de chevet en céramique',
    ],
    ['es', 'Sábanas', 'Sábanas de algodón percal, suaves y frescas.', 'Sábanas de algodón percal'],
    ['it', 'Sedia', 'Sedia in rovere massello con seduta imbottita.', 'Sedia in rovere massello'],
    ['nl', 'Koptelefoon Nova', 'Draadloze koptelefoon met 30 uur speeltijd.', 'Draadloze koptelefoon'],
    // A sentence with its verb, one that opens with an article, and the bare noun say nothing in short.
    ['de', 'Lampe', 'Lampen leuchten mit dieser Birne heller.', undefined],
    ['fr', 'Crème', 'Cette crème hydrate la peau avec douceur.', undefined],
    ['fr', 'Sac à dos', 'Sac à dos avec housse de pluie.', undefined],
  ] as const)('takes in %s, of %s, what %j opens with', (language, title, description, lead) => {
    const { phrases } = createBrief({ title, description, language, recordLanguage: language });
    expect(textsOf(phrases.leads)).toEqual(lead === undefined ? [] : [lead]);
  });

  it('leaves out attributes whose value the title says, not those of which it holds the letters', () => {
    const { attributes, values } = createBrief({
      title: 'Shredded Mug of Clay',
      description: '',
      attributes: { size: 'M', color: 'Red', material: 'Clay', capacity: '42' },
    });
    expect(attributes).toEqual(['Size: M', 'Color: Red', 'Capacity: 42']);
    // A number says nothing without its label.
    expect(values).toEqual(['M', 'Red']);
  });

  it('calls an attribute by its own name where the language has no other', () => {
    const attributes = { constructor: 'Acme', color: 'Rot' };
    expect(createBrief({ title: 'Lampe', description: '', language: 'de', attributes }).attributes).toEqual([
      'Constructor: Acme',
      'Farbe: Rot',
    ]);
  });

  it('keeps a list whole', () => {
    const { phrases } = createBrief({
      title: 'Perfume',
      description: 'A floral scent, featuring notes of mango, jasmine, and blonde woods.',
    });
    expect(textsOf(phrases.features)).toEqual(['notes of mango, jasmine, and blonde woods']);
  });

  it('takes nothing from a sentence that complains, denies, or speaks in the first person', () => {
    const { phrases } = createBrief({
      title: 'Lamp',
      description:
        'It is not a bright lamp. I bought it with a soft shade. Unfortunately it has a flimsy base. Most people want refunds.',
    });
    expect(Object.values(phrases).flat()).toEqual([]);
  });

  it('does not make a feature of what the product is used with', () => {
    const { phrases } = createBrief({
      title: 'Tennis Ball',
      description: 'It is designed for hitting with tennis rackets during matches.',
    });
    expect(phrases.features).toEqual([]);
  });

  it.each([
    ['Desk Lamp', '', 'the ', false],
    ['Oppo K1', 'Oppo K1 is a phone.', '', false],
    ['iPhone 5s', 'The iPhone 5s is a classic smartphone.', 'the ', false],
    ['Black Sun Glasses', 'The Black Sun Glasses are a classic choice.', 'the ', true],
    ['Ice Cream', 'Creamy and delicious ice cream in many flavors.', '', false],
    ['Red Onions', 'Flavorful red onions.', '', true],
  ])('speaks of %j as its description does', (title, description, article, plural) => {
    expect(createBrief({ title, description })).toMatchObject({ article, plural });
  });

  it.each([
    ['Coffee Grinder', '', 'home'],
    ['Lenovo Yoga 920', 'Use it as a laptop or a tablet: its laptop hinge is flexible.', 'electronics'],
    ['Kiwi', 'Nutrient-rich kiwi, perfect for snacking.', 'food'],
    ['Generic Motorcycle', 'A reliable bike for various riding preferences.', 'motors'],
  ])('knows what %j is about', (title, description, category) => {
    expect(createBrief({ title, description }).category).toBe(category);
  });

  it('keeps an audience and keywords as long as a request may hold', () => {
    const audience = 'parents of three who like to cook together '
      .repeat(5)
      .slice(0, MAX_AUDIENCE_CHARS)
      .trim();
    const keyword = 'very quiet and very small '.repeat(5).slice(0, MAX_WORD_CHARS).trim();
    const brief = createBrief({ title: 'Lamp', description: '', audience, keywords: [keyword] });
    expect(brief).toMatchObject({ audience, keywords: [keyword] });
  });
});
