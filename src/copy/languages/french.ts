/** French: articles elide before a vowel, and `beau`-like adjectives change there. */
import type { Grammar } from './noun-phrase.ts';

/** No y: `le yaourt`. */
const VOWEL = /^[aeiouàâäéèêëîïôöùûüœæ]/iu;
/** An h that elides; before the others (`haltère` apart) French keeps the article whole. */
const MUTE_H = /^(?:h[uô]il|hab|haltè|heur|hiv|homm|horlo|hôt|hum|hydr)/iu;

export const french: Grammar = {
  locale: 'fr-FR',
  phrase(determiner, { text, plural, gender }) {
    const isFeminine = gender === 'f';
    const elides = !plural && (VOWEL.test(text) || MUTE_H.test(text));
    const fresh = plural
      ? isFeminine
        ? 'nouvelles'
        : 'nouveaux'
      : isFeminine
        ? 'nouvelle'
        : elides
          ? 'nouvel'
          : 'nouveau';
    const one = isFeminine ? 'une' : 'un';
    switch (determiner) {
      case 'a':
        return `${plural ? 'des' : one} ${text}`;
      case 'aNew':
        return `${plural ? 'de' : one} ${fresh} ${text}`;
      case 'the':
        return plural ? `les ${text}` : elides ? `l’${text}` : `${isFeminine ? 'la' : 'le'} ${text}`;
      case 'this':
        return `${plural ? 'ces' : isFeminine ? 'cette' : elides ? 'cet' : 'ce'} ${text}`;
      case 'your':
        return `${plural ? 'vos' : 'votre'} ${text}`;
      case 'yourNew':
        return `${plural ? 'vos' : 'votre'} ${fresh} ${text}`;
    }
  },
};
