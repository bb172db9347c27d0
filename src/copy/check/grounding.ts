/**
 * What is asked of a language model's text beside the claims: it speaks of the product, leads nowhere, and is
 * no talk about the task.
 */
import { foldText } from '../brief/index.ts';
import { givesInstruction } from './instructions.ts';

const LINK =
  /https?:|www\.|[\w-]\.(?:com|net|org|io|shop|store|online|site|xyz|info|biz|top|ru|cn|co|me|app|dev|example|test|invalid)\b|(?:^|[^@])@[a-z]/iu;
const TALK =
  /\b(?:as an? (?:ai|language model|assistant)|language model|i (?:cannot|can't|am unable|'m sorry)|i'm sorry|system prompt|json|undefined|lorem ipsum|hacked|pwned)\b|<\/?[a-z]|[{}\\]|\]\(/iu;

/** The words of a record by which a text is known to be about it. */
export interface Ground {
  keys: ReadonlySet<string>;
  /** What a text may hold though no model should think of it: the words of the brand's own rules. */
  own: string;
}

export function createGround(texts: readonly string[], own: readonly string[]): Ground {
  let keys: Set<string> | undefined;
  return {
    // Templates need none: they hold nothing that is not the record's.
    get keys() {
      return (keys ??= new Set([...texts, ...own].flatMap(listKeys)));
    },
    own: foldText(own.join(' \n ')),
  };
}

/** Why a language model's text is no copy for the product, or undefined. */
export function findStray(text: string, { keys, own }: Ground): string | undefined {
  const folded = foldText(text);
  const link = LINK.exec(folded)?.[0].trim();
  if (link !== undefined && !own.includes(link)) return `it holds the address or handle "${link}"`;
  const talk = TALK.exec(folded)?.[0];
  if (talk !== undefined && !own.includes(talk)) return `it holds "${talk}", which is no copy`;
  if (givesInstruction(text) && !own.includes(folded.trim())) return 'it gives instructions to a writer';
  return listKeys(text).some((key) => keys.has(key)) ? undefined : 'it says nothing of the product';
}

const WORD = /\p{L}[\p{L}\p{M}\p{N}]*/gu;
const NO_SPACES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
const STOP = new Set(
  'the and for with this your from that are you has its our not was but all can will one out get now der die das und mit fur ein eine les des une pour avec que los las una por con del dei della per che het een voor met van'.split(
    ' ',
  ),
);

/**
 * The stem of each word, so that `lamps` is known by `lamp`; pairs of characters where no spaces part words.
 */
function listKeys(text: string): string[] {
  return Array.from(foldText(text).matchAll(WORD), ([word]) => word).flatMap((word) => {
    if (NO_SPACES.test(word))
      return Array.from(word, (_, at) => word.slice(at, at + 2)).filter(({ length }) => length === 2);
    return word.length < 3 || STOP.has(word) ? [] : [word.slice(0, word.length > 5 ? 5 : 4)];
  });
}
