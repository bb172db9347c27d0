/** What differs between the languages when a noun, a price or a quotation is put into a sentence. */
import type { Language } from './languages.ts';
import { dutch } from './dutch.ts';
import { english } from './english.ts';
import { french } from './french.ts';
import { german } from './german.ts';
import { italian } from './italian.ts';
import type { Grammar } from './noun-phrase.ts';
import { spanish } from './spanish.ts';

const GRAMMARS: Record<Language, Grammar> = {
  en: english,
  de: german,
  fr: french,
  es: spanish,
  it: italian,
  nl: dutch,
};

export function grammarOf(language: Language): Grammar {
  return GRAMMARS[language];
}

const formats = new Map<string, Intl.NumberFormat>();

/** `€19.99`, `19,99 €`, `€ 19,99`; without cents where there are none. '' for what is no currency. */
export function formatPrice(amount: number, currency: string, language: Language): string {
  if (!/^[A-Z]{3}$/u.test(currency)) return '';
  const digits = Number.isInteger(amount) ? 0 : 2;
  const key = `${language} ${currency} ${digits}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(grammarOf(language).locale, {
      style: 'currency',
      currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(key, format);
  }
  return format.format(amount);
}
