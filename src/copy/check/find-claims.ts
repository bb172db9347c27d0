/**
 * Every claim of a text, each with the words of the record that carry it: what `findUnsupportedClaim` decides
 * on, laid open for whoever edits the text.
 */
import { foldText } from '../brief/index.ts';
import type { Language } from '../languages/index.ts';
import { claimWordsOf, type ClaimEntry } from './claim-words.ts';
import { findStated, isCounted, isNegated, matchAt } from './claims.ts';
import { readNumbers, readNumberWord } from './numbers.ts';

export type ClaimKind = 'number' | ClaimEntry['kind'];

/** Offsets are in UTF-16 units. */
interface Span {
  start: number;
  end: number;
}

export interface Claim extends Span {
  kind: ClaimKind;
  /** Where the record says it: the index among its parts, and the place there; null where it does not. */
  source: (Span & { part: number }) | null;
}

/**
 * In their order, of those that begin together the longest first: one claim may lie in another.
 * @param parts of the record that a text may rely on, such as title and description
 */
export function findClaims(text: string, parts: readonly string[], language: Language = 'en'): Claim[] {
  const folded = foldAligned(text);
  const sources = parts.map((part) => {
    const aligned = foldAligned(part);
    return { ...aligned, numbers: indexNumbers(listNumbers(aligned.text, language)) };
  });
  const find = (look: (source: (typeof sources)[number]) => Span | undefined): Claim['source'] => {
    for (const [part, source] of sources.entries()) {
      const span = look(source);
      if (span !== undefined) return { part, ...source.place(span) };
    }
    return null;
  };
  const claims = listNumbers(folded.text, language).map(({ forms, ...span }): Claim => ({
    kind: 'number',
    ...folded.place(span),
    source: find(({ numbers }) =>
      numbers.get(forms[0] ?? '')?.find((other) => forms.every((form) => isCounted(form, other.forms))),
    ),
  }));
  const { startingWith } = claimWordsOf(language);
  for (const { index, 0: word } of folded.text.matchAll(WORD)) {
    for (const entry of startingWith(word)) {
      const said = matchAt(entry, folded.text, index);
      if (said === undefined) continue;
      const denied = isNegated(folded.text, index, { language });
      claims.push({
        kind: entry.kind,
        ...folded.place({ start: index, end: index + said.length }),
        source: find((source) => findStated(entry, said, denied, { folded: source.text, language })),
      });
    }
  }
  return claims.toSorted((a, b) => a.start - b.start || b.end - a.end);
}

const WORD = /\p{L}[\p{L}\p{M}]*/gu;
/** A number with what may bind it, which reading it again tells. */
const NUMBER =
  /(?:[$\u20ac\u00a3\u00a5\u20b9#]\s?)?(\p{Nd}+(?:[.,:/]\p{Nd}+)*)(?:\s?[%\u2030$\u20ac\u00a3\u00a5\u20b9]|[\s.-]?\p{L}+|["\u2033])?/gu;

interface SpokenNumber extends Span {
  /** As `readNumbers` writes it. */
  forms: readonly string[];
}

function listNumbers(text: string, language: Language): SpokenNumber[] {
  const found: SpokenNumber[] = [];
  for (const match of text.matchAll(NUMBER)) {
    const [whole, digits = ''] = match;
    const forms = readNumbers(whole, language);
    const isBound = forms.some((form) => !/^[\d.,:/]+ ?$/u.test(form));
    const start = isBound ? match.index : match.index + whole.indexOf(digits);
    found.push({ start, end: isBound ? match.index + whole.length : start + digits.length, forms });
  }
  for (const { index, 0: word } of text.matchAll(WORD)) {
    const forms = readNumberWord(word, text, index + word.length, language);
    if (forms.length > 0) found.push({ start: index, end: index + word.length, forms });
  }
  return found;
}

interface SoughtNumber extends Span {
  forms: ReadonlySet<string>;
}

/** By each of their forms; what is said in the same way only where it stands first. */
function indexNumbers(numbers: readonly SpokenNumber[]): ReadonlyMap<string, readonly SoughtNumber[]> {
  const index = new Map<string, SoughtNumber[]>();
  const seen = new Set<string>();
  for (const { forms, ...span } of numbers) {
    const said = forms.join('\n');
    if (seen.has(said)) continue;
    seen.add(said);
    const number = { ...span, forms: new Set(forms) };
    for (const form of number.forms) {
      const known = index.get(form);
      if (known === undefined) index.set(form, [number]);
      else known.push(number);
    }
  }
  return index;
}

/** Folding may change how long a text is; `place` leads back to the text as it was. */
function foldAligned(text: string): { text: string; place: (span: Span) => Span } {
  const starts: number[] = [];
  const ends: number[] = [];
  let folded = '';
  let at = 0;
  for (const char of text) {
    const part = foldText(char);
    folded += part;
    for (let unit = 0; unit < part.length; unit += 1) {
      starts.push(at);
      ends.push(at + char.length);
    }
    at += char.length;
  }
  return {
    text: folded,
    place: ({ start, end }) => ({ start: starts[start] ?? at, end: ends[end - 1] ?? at }),
  };
}
