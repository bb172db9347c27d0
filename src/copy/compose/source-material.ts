/** What a record gives to write from: what texts may rely on, and what is said of what is left out. */
import { LANGUAGE_NAMES, type LanguageChoice } from '../languages/index.ts';
import type { Brief } from '../brief/index.ts';

export function listWords(texts: readonly string[]): Set<string> {
  return new Set(texts.flatMap((text) => text.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'\u2019-]*/gu) ?? []));
}

/** What a text may rely on. */
export function listSubmitted(brief: Brief): string[] {
  const { title, description, audience, keywords, maker, price, attributes } = brief;
  return [title, description, audience, ...keywords, maker, price, ...attributes];
}

/** The brief without what may not be said, so that templates do not offer it in vain. */
export function withoutBanned(brief: Brief, isNeeded: boolean, isBanned: (text: string) => boolean): Brief {
  if (!isNeeded) return brief;
  const allowed = (text: string): boolean => !isBanned(text);
  const { phrases } = brief;
  return {
    ...brief,
    name: allowed(brief.name) ? brief.name : brief.name.split(' ').filter(allowed).join(' '),
    kind: allowed(brief.kind) ? brief.kind : '',
    audience: allowed(brief.audience) ? brief.audience : '',
    keywords: brief.keywords.filter(allowed),
    phrases: {
      definitions: phrases.definitions.filter(({ text }) => allowed(text)),
      features: phrases.features.filter(({ text }) => allowed(text)),
      uses: phrases.uses.filter(({ text }) => allowed(text)),
      occasions: phrases.occasions.filter(({ text }) => allowed(text)),
      adjectives: phrases.adjectives.filter(allowed),
      snippets: phrases.snippets.filter(({ text }) => allowed(text)),
      leads: phrases.leads.filter(({ text }) => allowed(text)),
      traits: phrases.traits.filter(({ text }) => allowed(text)),
      quotes: phrases.quotes.filter(({ text }) => allowed(text)),
      statements: phrases.statements.filter(({ text }) => allowed(text)),
    },
  };
}

const SHOWN_INSTRUCTION_CHARS = 100;

/**
 * @param instructions what title and description told the writer to do
 * @param choice the language that was asked for
 */
export function describeLeftOut(
  { language, recordLanguage, noun }: Brief,
  instructions: readonly string[],
  choice: LanguageChoice,
): string[] {
  const notes: string[] = [];
  // A name that holds an English noun, `Acme Mug`, is English enough.
  if (recordLanguage === undefined && choice === 'auto' && noun === undefined)
    notes.push(
      `title and description do not tell their language; copy is written in ${LANGUAGE_NAMES[language]}: set language if it should be another`,
    );
  if (recordLanguage !== undefined && recordLanguage !== language) {
    const written = LANGUAGE_NAMES[language];
    const seems =
      recordLanguage === 'other'
        ? 'do not seem to be in a language that templates write'
        : `seem to be in ${LANGUAGE_NAMES[recordLanguage]}, they do not seem to be in ${written}`;
    notes.push(`title and description ${seems}; copy is written in ${written}, without their sentences`);
  }
  if (instructions.length > 0) {
    const shown = instructions
      .map((instruction) => JSON.stringify(instruction.slice(0, SHOWN_INSTRUCTION_CHARS)))
      .join(', ');
    notes.push(`title or description hold instructions to a writer, which are left out: ${shown}`);
  }
  return notes;
}
