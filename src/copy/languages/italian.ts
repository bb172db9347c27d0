/** Italian: the article follows the sound that comes after it: `lo zaino`, `l’orologio`, `gli occhiali`. */
import type { Grammar } from './noun-phrase.ts';

const VOWEL = /^[aeiouàèéìòù]/iu;
/** S with a consonant, z, gn, ps, x, y. */
const IMPURE = /^(?:s[^aeiouàèéìòù]|z|gn|ps|pn|x|y)/iu;

export const italian: Grammar = {
  locale: 'it-IT',
  phrase(determiner, { text, plural, gender }) {
    const isFeminine = gender === 'f';
    const fresh = `nuov${plural ? (isFeminine ? 'e' : 'i') : isFeminine ? 'a' : 'o'}`;
    const yours = plural ? (isFeminine ? 'le tue' : 'i tuoi') : isFeminine ? 'la tua' : 'il tuo';
    switch (determiner) {
      case 'a':
        return plural ? text : one(text, isFeminine);
      case 'aNew':
        return plural ? `${fresh} ${text}` : `${isFeminine ? 'una' : 'un'} ${fresh} ${text}`;
      case 'the':
        return the(text, isFeminine, plural);
      case 'this':
        return `quest${plural ? (isFeminine ? 'e' : 'i') : isFeminine ? 'a' : 'o'} ${text}`;
      case 'your':
        return `${yours} ${text}`;
      case 'yourNew':
        return `${yours} ${fresh} ${text}`;
    }
  },
};

function one(text: string, isFeminine: boolean): string {
  if (isFeminine) return VOWEL.test(text) ? `un’${text}` : `una ${text}`;
  return IMPURE.test(text) ? `uno ${text}` : `un ${text}`;
}

function the(text: string, isFeminine: boolean, plural: boolean): string {
  if (isFeminine) return plural ? `le ${text}` : VOWEL.test(text) ? `l’${text}` : `la ${text}`;
  if (plural) return `${VOWEL.test(text) || IMPURE.test(text) ? 'gli' : 'i'} ${text}`;
  if (VOWEL.test(text)) return `l’${text}`;
  return `${IMPURE.test(text) ? 'lo' : 'il'} ${text}`;
}
