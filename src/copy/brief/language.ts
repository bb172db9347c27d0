/** Whether a product is described in English, as its copy is: an answer says so where it is not. */
import { francAll } from 'franc-min';

/** Enough to tell a language by, and little enough to cost nothing beside a forward pass. */
const READ_CHARS = 500;
const MIN_LETTERS = 56;
/**
 * Of how well the best language fits, English may fall so much short: names and technical words are alike
 * everywhere.
 */
const CLOSE = 0.9;
const ENGLISH = /\b(?:the|and|with|for|this|your|from|that|are|you|has)\b/giu;

/** Whether a text is surely not English: not where it is too short to tell, or could be English too. */
export function isForeign(text: string): boolean {
  const head = text.slice(0, READ_CHARS);
  // Nearly every product ends here; only what holds no two English words is looked at closely.
  const words = new Set(Array.from(head.matchAll(ENGLISH), ([word]) => word.toLowerCase()));
  if (words.size >= 2) return false;
  const letters = head.match(/\p{L}/gu)?.length ?? 0;
  const isLatin = !/[^\P{L}\p{Script=Latin}]/u.test(head);
  if (letters < (isLatin ? MIN_LETTERS : MIN_LETTERS / 4)) return false;
  const ranked = francAll(head);
  const [best] = ranked;
  const english = ranked.find(([code]) => code === 'eng')?.[1] ?? 0;
  return best !== undefined && best[0] !== 'eng' && best[0] !== 'und' && english < CLOSE;
}
