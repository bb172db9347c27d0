/** Regular plurals. What is not regular says its plural in nouns.yaml. */
import { assertNever } from '../../core/errors.ts';
import type { Language } from './languages.ts';

export function pluralOf(word: string, gender: string, language: Language): string {
  switch (language) {
    case 'en':
      return english(word);
    case 'de':
      return german(word, gender);
    case 'fr':
      return firstWord(word, french);
    case 'es':
      return firstWord(word, spanish);
    case 'it':
      return firstWord(word, (head) => italian(head, gender));
    case 'nl':
      return dutch(word);
    default:
      return assertNever(language);
  }
}

/** `lampe de bureau` is `lampes de bureau` in plural: the head comes first. */
function firstWord(text: string, plural: (word: string) => string): string {
  const [head = '', ...rest] = text.split(' ');
  return [plural(head), ...rest].join(' ');
}

function english(word: string): string {
  if (/[^aeiou]y$/u.test(word)) return `${word.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/u.test(word) ? `${word}es` : `${word}s`;
}

function german(word: string, gender: string): string {
  if (word.endsWith('e')) return `${word}n`;
  if (/(?:er|el|en|chen|lein)$/u.test(word)) return gender === 'f' ? `${word}n` : word;
  if (/(?:ung|heit|keit|schaft|ion|tät)$/u.test(word)) return `${word}en`;
  return /[aiouy]$/u.test(word) ? `${word}s` : `${word}e`;
}

function french(word: string): string {
  if (/[sxz]$/u.test(word)) return word;
  if (/(?:eau|eu)$/u.test(word)) return `${word}x`;
  return word.endsWith('al') ? `${word.slice(0, -1)}ux` : `${word}s`;
}

function spanish(word: string): string {
  if (/[aeiouáéó]$/u.test(word)) return `${word}s`;
  if (word.endsWith('z')) return `${word.slice(0, -1)}ces`;
  if (word.endsWith('ón')) return `${word.slice(0, -2)}ones`;
  if (word.endsWith('ín')) return `${word.slice(0, -2)}ines`;
  if (word.endsWith('án')) return `${word.slice(0, -2)}anes`;
  if (word.endsWith('és')) return `${word.slice(0, -2)}eses`;
  return word.endsWith('s') ? word : `${word}es`;
}

function italian(word: string, gender: string): string {
  if (/[cg]a$/u.test(word)) return `${word.slice(0, -1)}he`;
  if (/[cg]o$/u.test(word)) return `${word.slice(0, -1)}hi`;
  if (/[^aeiou]ia$/u.test(word) && /[cg]ia$/u.test(word)) return `${word.slice(0, -2)}e`;
  if (word.endsWith('io')) return word.slice(0, -1);
  if (word.endsWith('a')) return `${word.slice(0, -1)}${gender === 'm' ? 'i' : 'e'}`;
  return /[oe]$/u.test(word) ? `${word.slice(0, -1)}i` : word;
}

function dutch(word: string): string {
  if (/[aiouy]$/u.test(word)) return `${word}'s`;
  // `Schoen` has one syllable: the ending is no ending; that of `luier` and `grasmaaier` is one.
  if (/e$|(?:[aeiou][^aeiou]+|[aou]i)(?:el|er|en|em|erd|aar|aard)$/u.test(word)) return `${word}s`;
  return `${word}en`;
}
