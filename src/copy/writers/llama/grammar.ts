/**
 * What a local model may say, as a grammar (GBNF): whole sentences of words that the record holds or that
 * claim nothing. So no text can hold a number, a material or a promise of its own, or a character that the
 * field does not take. A grammar of characters could say how long a text is, but not which words it holds;
 * the length is bounded by the number of words, and exactly by cutting after a whole sentence.
 */
import { foldText, type Brief } from '../../brief/index.ts';
import { isGsm7 } from '../../channels/index.ts';
import { createClaimSource, findUnsupportedClaim } from '../../check/index.ts';
import type { Language } from '../../languages/index.ts';
import type { FieldRequest } from '../writer.ts';

/** Words that claim nothing of any product. */
const COMMON: Readonly<Record<Language, string>> = {
  en: 'a an the and or with for of in on at to from by your you it is are its this that these as when where while every everyday day days home life morning evening moment moments ready made easy simple calm soft warm bright light fresh fun cosy quiet smooth neat handy close always again more just right here there all enjoy bring brings keep keeps meet find feel feels make makes let lets take add adds give gives see look looks love style comfort joy time place space room way touch little good great lovely favourite perfect',
  de: 'ein eine einen der die das und oder mit für von in im auf an zu zum zur aus bei dein deine du es ist sind das dieser diese wenn wo jeden tag alltag zuhause leben morgen abend moment bereit leicht einfach ruhig weich warm hell frisch gemütlich immer mehr hier alles genießen bringt macht passt freude zeit platz raum stil',
  fr: 'un une le la les et ou avec pour de du des en dans sur à au votre vous il elle est sont ce cette quand chaque jour quotidien maison vie matin soir moment prêt simple calme doux douce chaud clair frais toujours plus ici tout profitez trouvez apporte joie temps place style',
  es: 'un una el la los las y o con para de del en por a al tu su es son este esta cuando cada día hogar casa vida mañana noche momento listo fácil sencillo tranquilo suave cálido claro fresco siempre más aquí todo disfruta encuentra alegría tiempo espacio estilo',
  it: 'un una il la i le lo e o con per di del in su a al tuo tua è sono questo questa quando ogni giorno casa vita mattina sera momento pronto facile semplice calmo morbido caldo chiaro fresco sempre più qui tutto scopri trova gioia tempo spazio stile',
  nl: 'een de het en of met voor van in op aan te uit bij je jouw is zijn dit deze als waar elke dag thuis leven ochtend avond moment klaar makkelijk eenvoudig rustig zacht warm licht fris altijd meer hier alles geniet vind breng vreugde tijd plek ruimte stijl',
};

/** Longer words of these languages that no sentence ends with; those of three letters end none either. */
const OPEN = new Set(
  'with from your this that these those when where while every always more just their into than they have been make makes made bring brings keep keeps give gives find meet lets take adds look looks feel feels over under oder eine einen dein deine sind dieser diese wenn jeden auch nach über unter durch avec pour votre elle sont cette quand chaque dans plus para este esta cuando cada como sono questo questa quando ogni sempre voor deze elke zijn naar over'.split(
    ' ',
  ),
);

const WORD = /\p{L}[\p{L}\p{M}'\u2019]*(?:-\p{L}[\p{L}\p{M}]*)*/gu;
const MAX_WORDS = 240;
/** A word with its space, in English; the others are longer, and cut. */
const CHARS_PER_WORD = 6;

/** The words that a text may hold, in the form that they have in the record. */
export function listWords(brief: Brief, isPlain: (word: string) => boolean = () => true): string[] {
  const source = createClaimSource([brief.title, brief.description, ...brief.keywords], brief.language);
  const banned = new Set(brief.bannedWords);
  const own = [brief.title, brief.description, ...brief.keywords].flatMap((text) => text.match(WORD) ?? []);
  // Inside a sentence a word that opened one is written small, unless the record writes it large there too.
  const small = new Set(own.filter((word) => /^\p{Ll}/u.test(word)));
  const words = new Set<string>();
  const common = COMMON[brief.language].split(' ');
  const joiners = common.filter((word) => word.length <= 3);
  // `made` claims nothing, `made in the` does.
  const claims = (word: string): boolean =>
    [word, ...joiners.map((joiner) => `${word} ${joiner} ${common[0] ?? ''}`)].some(
      (text) => findUnsupportedClaim(text, source) !== undefined,
    );
  for (const word of [...own.slice(0, MAX_WORDS), ...common]) {
    const lower = word.toLowerCase();
    const shown = small.has(lower) ? lower : word;
    if (shown.length > 24 || words.has(shown) || !isPlain(shown) || banned.has(foldText(shown))) continue;
    if (!claims(shown)) words.add(shown);
  }
  return [...words];
}

/**
 * The grammar of one text for a field: the product's name, then sentences of those words; a headline is a few
 * words around what the product is.
 */
export function renderGrammar(brief: Brief, field: FieldRequest): string {
  const isPlain = (text: string): boolean => !field.gsm7 || isGsm7(text);
  const words = listWords(brief, isPlain);
  const room = Math.max(2, Math.floor(Math.min(field.aim, field.maxChars) / CHARS_PER_WORD));
  const name = isPlain(brief.name) ? brief.name : '';
  const isShort = field.role === 'headline' || field.role === 'subject' || room < 8;
  const subject = isShort && name.length > field.maxChars / 2 ? (lastWord(name) ?? name) : name;
  const opening = subject === '' ? 'upper' : literal(capitalize(subject));
  const least = isShort ? 1 : 4;
  const most = Math.max(least, isShort ? Math.min(5, room - 2) : Math.min(14, room - 2));
  const more = isShort ? 0 : Math.max(0, Math.min(2, Math.floor(room / 14)));
  const ends = words.filter((word) => word.length > 3 && !OPEN.has(word.toLowerCase()));
  const last = ends.length > 0 ? 'last' : 'word';
  return [
    `root ::= first${more > 0 ? ` (" " sentence){0,${more}}` : ''}`,
    `first ::= ${opening} (" " word){${least - 1},${most - 1}} " " ${last}${isShort ? '' : ' "."'}`,
    `sentence ::= upper (" " word){2,11} " " ${last} "."`,
    ...(ends.length > 0 ? [`last ::= ${renderTrie(ends)}`] : []),
    `word ::= ${renderTrie(words)}`,
    `upper ::= ${renderTrie(words.map(capitalize))}`,
  ].join('\n');
}

function lastWord(text: string): string | undefined {
  return text.match(WORD)?.at(-1);
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function literal(text: string): string {
  return `"${text.replaceAll(/["\\]/gu, (mark) => `\\${mark}`).replaceAll(/\s+/gu, ' ')}"`;
}

interface Node {
  isEnd: boolean;
  after: Map<string, Node>;
}

/** Beginnings are said once: the fewer ways to go on, the cheaper each token is to check. */
function renderTrie(words: readonly string[]): string {
  const root: Node = { isEnd: false, after: new Map() };
  for (const word of words) {
    let node = root;
    for (const letter of word) {
      let next = node.after.get(letter);
      if (next === undefined) {
        next = { isEnd: false, after: new Map() };
        node.after.set(letter, next);
      }
      node = next;
    }
    node.isEnd = true;
  }
  return renderNode(root);
}

function renderNode(node: Node): string {
  const ways = [...node.after].map(([letter, next]) => {
    // What goes on in one way only is one literal.
    let run = letter;
    let at = next;
    while (!at.isEnd && at.after.size === 1) {
      const [[more, then] = ['', at]] = [...at.after];
      run += more;
      at = then;
    }
    if (at.after.size === 0) return literal(run);
    const rest = renderNode(at);
    return `${literal(run)} ${at.isEnd ? `(${rest})?` : `(${rest})`}`;
  });
  return ways.join(' | ');
}
