/** The languages that copy is written in. */
import { LANGUAGES, type Language, type LanguageChoice } from '../../core/config/index.ts';

export { LANGUAGES, type Language, type LanguageChoice };

/** In English, for people who read notes and for models that are told what to write. */
export const LANGUAGE_NAMES: Record<Language, string> = {
  en: 'English',
  de: 'German',
  fr: 'French',
  es: 'Spanish',
  it: 'Italian',
  nl: 'Dutch',
};
