/** Languages: what is told apart, named and inflected in each of them. */
export { detectLanguage } from './detect.ts';
export { LANGUAGE_NAMES, LANGUAGES, type Language, type LanguageChoice } from './languages.ts';
export {
  CATEGORIES,
  lexiconOf,
  type Category,
  type KnownCategory,
  type Lexicon,
  type Noun,
} from './lexicon.ts';
export { formatPrice, grammarOf } from './grammar.ts';
export { CASES, DETERMINERS, type Case, type Determiner } from './noun-phrase.ts';
