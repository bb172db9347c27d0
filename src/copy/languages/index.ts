/** Languages: what is told apart, named and inflected in each of them. */
export {
  detectLanguage,
  LANGUAGE_CHOICES,
  LANGUAGE_NAMES,
  LANGUAGES,
  type Language,
  type LanguageChoice,
} from './languages.ts';
export {
  CATEGORIES,
  lexiconOf,
  type Category,
  type Gender,
  type KnownCategory,
  type Lexicon,
  type Noun,
} from './lexicon.ts';
