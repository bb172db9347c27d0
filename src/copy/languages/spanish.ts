/** Spanish: gender and number; `el agua` though it is feminine. */
import type { Grammar } from './noun-phrase.ts';

/** Feminine nouns that begin with a stressed a take `el` and `un`. */
const STRESSED_A = /^(?:agua|arma|aula|ala|ancla)/iu;

export const spanish: Grammar = {
  locale: 'es-ES',
  phrase(determiner, { text, plural, gender }) {
    const isFeminine = gender === 'f';
    const isMasculineThere = !isFeminine || (!plural && STRESSED_A.test(text));
    const fresh = `nuev${isFeminine ? 'a' : 'o'}${plural ? 's' : ''}`;
    switch (determiner) {
      case 'a':
        return `${plural ? (isFeminine ? 'unas' : 'unos') : isMasculineThere ? 'un' : 'una'} ${text}`;
      case 'aNew':
        return `${plural ? (isFeminine ? 'unas' : 'unos') : isFeminine ? 'una' : 'un'} ${fresh} ${text}`;
      case 'the':
        return `${plural ? (isFeminine ? 'las' : 'los') : isMasculineThere ? 'el' : 'la'} ${text}`;
      case 'this':
        return `${plural ? (isFeminine ? 'estas' : 'estos') : isFeminine ? 'esta' : 'este'} ${text}`;
      case 'your':
        return `${plural ? 'tus' : 'tu'} ${text}`;
      case 'yourNew':
        return `${plural ? 'tus' : 'tu'} ${fresh} ${text}`;
    }
  },
};
