/** German: three genders and three cases; the adjective takes what its article leaves unsaid. */
import type { Case, Grammar } from './noun-phrase.ts';
import type { Gender } from './lexicon.ts';

type Form = 'm' | 'f' | 'n' | 'p';

const THE: Record<Case, Record<Form, string>> = {
  nom: { m: 'der', f: 'die', n: 'das', p: 'die' },
  acc: { m: 'den', f: 'die', n: 'das', p: 'die' },
  dat: { m: 'dem', f: 'der', n: 'dem', p: 'den' },
};
/** Endings of `dein`, of `ein`. */
const AFTER_EIN: Record<Case, Record<Form, string>> = {
  nom: { m: '', f: 'e', n: '', p: 'e' },
  acc: { m: 'en', f: 'e', n: '', p: 'e' },
  dat: { m: 'em', f: 'er', n: 'em', p: 'en' },
};
/** Of `dies`, and of an adjective that no article precedes. */
const STRONG: Record<Case, Record<Form, string>> = {
  nom: { m: 'er', f: 'e', n: 'es', p: 'e' },
  acc: { m: 'en', f: 'e', n: 'es', p: 'e' },
  dat: { m: 'em', f: 'er', n: 'em', p: 'en' },
};
/** Of an adjective after `dein` and `ein`. */
const MIXED: Record<Case, Record<Form, string>> = {
  nom: { m: 'er', f: 'e', n: 'es', p: 'en' },
  acc: { m: 'en', f: 'e', n: 'es', p: 'en' },
  dat: { m: 'en', f: 'en', n: 'en', p: 'en' },
};

export const german: Grammar = {
  locale: 'de-DE',
  phrase(determiner, { text, plural, gender }, wordCase) {
    const form = plural ? 'p' : formOf(gender);
    const noun = plural && wordCase === 'dat' && !/[ns]$/u.test(text) ? `${text}n` : text;
    const mixed = `neu${MIXED[wordCase][form]}`;
    const ending = AFTER_EIN[wordCase][form];
    switch (determiner) {
      case 'a':
        return plural ? noun : `ein${ending} ${noun}`;
      case 'aNew':
        return plural ? `neu${STRONG[wordCase].p} ${noun}` : `ein${ending} ${mixed} ${noun}`;
      case 'the':
        return `${THE[wordCase][form]} ${noun}`;
      case 'this':
        return `dies${STRONG[wordCase][form]} ${noun}`;
      case 'your':
        return `dein${ending} ${noun}`;
      case 'yourNew':
        return `dein${ending} ${mixed} ${noun}`;
    }
  },
};

function formOf(gender: Gender): Form {
  return gender === '' ? 'n' : gender;
}
