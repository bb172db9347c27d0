/** Dutch: `de` and `het` words; an adjective keeps its bare form only before an indefinite het-word. */
import type { Grammar } from './noun-phrase.ts';

export const dutch: Grammar = {
  locale: 'nl-NL',
  phrase(determiner, { text, plural, gender }) {
    const isHet = gender === 'n' && !plural;
    switch (determiner) {
      case 'a':
        return plural ? text : `een ${text}`;
      case 'aNew':
        return plural ? `nieuwe ${text}` : `een ${isHet ? 'nieuw' : 'nieuwe'} ${text}`;
      case 'the':
        return `${isHet ? 'het' : 'de'} ${text}`;
      case 'this':
        return `${isHet ? 'dit' : 'deze'} ${text}`;
      case 'your':
        return `je ${text}`;
      case 'yourNew':
        return `je nieuwe ${text}`;
    }
  },
};
