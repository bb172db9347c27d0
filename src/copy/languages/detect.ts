/** Which language a text is in. */
import { francAll } from 'franc-min';
import { LANGUAGES, type Language } from './languages.ts';
import { lexiconOf } from './lexicon.ts';

/** Enough to tell a language by, and little enough to cost nothing beside a forward pass. */
const READ_CHARS = 500;
const MIN_LETTERS = 56;
/**
 * Of how well the best language fits, another may fall so much short and still be meant: names and technical
 * words are alike everywhere.
 */
const CLOSE = 0.9;
const FRANC: Record<string, Language> = { eng: 'en', deu: 'de', fra: 'fr', spa: 'es', ita: 'it', nld: 'nl' };

// Words that bind sentences, and that the other languages do not share or seldom use.
const BINDING: Record<Language, string> = {
  en: 'the and with for this your from that are you has its is of to on by made it can be',
  de: 'der die das und mit für ein eine einen einem einer ist im dem den zu zum zur auf aus von bei sich nicht auch wird sind ab bis ich wir habe haben oder ihre ihr sehr durch',
  fr: 'le la les et de en un avec pour une des du est dans sur qui au aux vous votre vos ce cette ces sont pas ses plus à grâce offre son sa dès en jusqu sans jamais',
  es: 'el la los las y de con para un una del es por que su sus al más de en hasta desde esta este tu tus muy sin son como',
  it: 'il la lo gli e un con per una della dello dei delle è che di nel nella alla più questo questa tuo tua suo sua sono ed dal dalla anche da di si fino al io mai senza in',
  nl: 'het een en met voor van is de dat je jouw op zijn aan uit bij deze dit wordt niet ook naar door jij u uw heeft geen tot vanaf',
};
const BY_WORD = new Map<string, Language[]>();
for (const language of LANGUAGES)
  for (const word of BINDING[language].split(' '))
    BY_WORD.set(word, [...(BY_WORD.get(word) ?? []), language]);
const WORD = /\p{L}+/gu;
/** Letters that tell: each counts as a word. */
const LETTERS: readonly [RegExp, Language][] = [
  [/[äöüß]/u, 'de'],
  [/[œçêèàùû]/u, 'fr'],
  [/[ñ¿¡]|ción\b/u, 'es'],
  [/ij/u, 'nl'],
];

/**
 * The language of a text: one of ours, `other` for one that we do not write, undefined where the text is too
 * short or too much a list of names to tell.
 */
export function detectLanguage(text: string): Language | 'other' | undefined {
  const head = text.slice(0, READ_CHARS).toLowerCase();
  const hits = new Map<Language, number>();
  const seen = new Set<string>();
  for (const word of head.match(WORD) ?? []) {
    const languages = BY_WORD.get(word);
    if (languages === undefined || seen.has(word)) continue;
    seen.add(word);
    // `de` and `en` are French, Spanish and Dutch: such a word says little for each of them.
    for (const language of languages) hits.set(language, (hits.get(language) ?? 0) + 1 / languages.length);
  }
  for (const [letters, language] of LETTERS)
    if (letters.test(head)) hits.set(language, (hits.get(language) ?? 0) + 0.5);
  // Nearly every product ends here; only what holds no two such words is looked at closely.
  const decided = mostLikely(hits);
  if (decided !== undefined) return decided;
  countNouns(head, hits);
  // `Casa de Papel Mug`: a name may be foreign, what ends the title is the product.
  const [first] = [...hits].toSorted(([, a], [, b]) => b - a);
  if (first !== undefined && endsInEnglish(head, first[0])) hits.clear();
  const best = hits.size > 0 ? first : undefined;
  // A letter alone may stand in a name: `Zürich Compact Cookbook`.
  return mostLikely(hits) ?? rankedLanguage(head, best !== undefined && best[1] > 1 ? best[0] : undefined);
}

function mostLikely(hits: ReadonlyMap<Language, number>): Language | undefined {
  const [first, second] = [...hits].toSorted(([, a], [, b]) => b - a);
  return first !== undefined && first[1] >= 2 && first[1] >= 1.5 * (second?.[1] ?? 0) ? first[0] : undefined;
}

/** A product noun that English does not have speaks for the languages that have it. */
function countNouns(head: string, hits: Map<Language, number>): void {
  const english = lexiconOf('en');
  for (const word of new Set(head.slice(0, 120).match(WORD))) {
    if (word.length < 4 || english.noun(word) !== undefined) continue;
    for (const language of LANGUAGES)
      if (language !== 'en' && lexiconOf(language).noun(word) !== undefined)
        hits.set(language, (hits.get(language) ?? 0) + 1);
  }
}

/** Whether the first sentence ends in a noun that English has, and the language found so far has not. */
function endsInEnglish(head: string, found: Language): boolean {
  const last = /^[^.!?\n]*/u.exec(head)?.[0].match(WORD)?.at(-1) ?? '';
  return (
    found !== 'en' && lexiconOf('en').noun(last) !== undefined && lexiconOf(found).noun(last) === undefined
  );
}

function rankedLanguage(head: string, hinted: Language | undefined): Language | 'other' | undefined {
  const letters = head.match(/\p{L}/gu)?.length ?? 0;
  const isLatin = !/[^\P{L}\p{Script=Latin}]/u.test(head);
  if (letters < (isLatin ? MIN_LETTERS : MIN_LETTERS / 4)) return hinted;
  const ranked = francAll(head);
  const scoreOf = (code: string): number => ranked.find(([ranked]) => ranked === code)?.[1] ?? 0;
  const [best] = ranked;
  if (best === undefined || best[0] === 'und') return hinted;
  if (scoreOf('eng') >= CLOSE && hinted === undefined) return 'en';
  const own = Object.entries(FRANC)
    .filter(([code, language]) => scoreOf(code) >= CLOSE || (language === hinted && scoreOf(code) > 0.5))
    .toSorted(([a, x], [b, y]) => Number(y === hinted) - Number(x === hinted) || scoreOf(b) - scoreOf(a));
  return own[0]?.[1] ?? 'other';
}
