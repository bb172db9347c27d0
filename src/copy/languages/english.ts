import type { Grammar } from './noun-phrase.ts';

export const english: Grammar = {
  locale: 'en-US',
  phrase(determiner, { text, plural }) {
    const article = /^[aeiou]/iu.test(text) ? 'an' : 'a';
    switch (determiner) {
      case 'a':
        return plural ? text : `${article} ${text}`;
      case 'aNew':
        return plural ? `new ${text}` : `a new ${text}`;
      case 'the':
        return `the ${text}`;
      case 'this':
        return `${plural ? 'these' : 'this'} ${text}`;
      case 'your':
        return `your ${text}`;
      case 'yourNew':
        return `your new ${text}`;
    }
  },
};
