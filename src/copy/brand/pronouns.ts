/** Who speaks in a text and whom it addresses, told by its pronouns. */
import type { BrandRuleSet } from './profile.ts';

type Role = 'self' | 'we' | 'reader';

// Only words that are nothing else in their language: Spanish `mi` and Italian `ma` would be.
const PRONOUNS: Readonly<Record<string, Readonly<Record<Role, string>>>> = {
  en: {
    self: "i i'm i've i'd i'll me my mine myself",
    we: "we we're we've we'd we'll us our ours ourselves",
    reader: "you you're you've you'd you'll your yours yourself yourselves",
  },
  de: {
    self: 'ich mich mir mein meine meinen meinem meiner meines',
    we: 'wir uns unser unsere unseren unserem unserer unseres',
    reader: 'du dich dir dein deine deinen deinem deiner deines euch euer eure euren eurem eurer',
  },
  fr: {
    self: "je moi mon mes j'ai j'aime",
    we: 'nous notre nos',
    reader: 'tu toi ton tes vous votre vos',
  },
  es: {
    self: 'yo conmigo mis',
    we: 'nosotros nosotras nuestro nuestra nuestros nuestras nos',
    reader: 'tu tus ti contigo usted ustedes vosotros vosotras vuestro vuestra vuestros vuestras',
  },
  it: {
    self: 'io mio mia miei mie',
    we: 'noi nostro nostra nostri nostre',
    reader: 'tu tuo tua tuoi tue voi vostro vostra vostri vostre',
  },
  nl: {
    self: 'ik mij mijn',
    we: 'wij we ons onze',
    reader: 'jij je jou jouw u uw jullie',
  },
};

const WORD = /\p{L}[\p{L}\p{M}'\u2019]*/gu;

const known = new Map<string, Readonly<Record<Role, ReadonlySet<string>>>>();

function pronounsOf(language: string): Readonly<Record<Role, ReadonlySet<string>>> | undefined {
  const lists = PRONOUNS[language];
  if (lists === undefined) return undefined;
  let sets = known.get(language);
  if (sets === undefined) {
    const toSet = (words: string): ReadonlySet<string> => new Set(words.split(' '));
    sets = { self: toSet(lists.self), we: toSet(lists.we), reader: toSet(lists.reader) };
    known.set(language, sets);
  }
  return sets;
}

/** Why a text speaks in another person than the brand does, or undefined; a language unknown here passes. */
export function findPronoun(
  text: string,
  person: BrandRuleSet['person'],
  language: string,
): string | undefined {
  const pronouns = person === undefined ? undefined : pronounsOf(language);
  if (person === undefined || pronouns === undefined) return undefined;
  for (const word of text.match(WORD) ?? []) {
    // The country is no pronoun.
    if (word === 'US') continue;
    const folded = word.toLowerCase().replaceAll('\u2019', "'");
    if (person.brand !== 'any' && pronouns.self.has(folded))
      return `it says "${word}"; the brand speaks ${person.brand === 'we' ? 'as we' : 'by its name'}`;
    if (person.brand === 'name' && pronouns.we.has(folded))
      return `it says "${word}"; the brand speaks by its name`;
    if (person.reader === 'nobody' && pronouns.reader.has(folded))
      return `it says "${word}"; the brand addresses nobody`;
  }
  return undefined;
}
