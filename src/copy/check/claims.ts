/**
 * Claims that a text makes and its source does not: numbers, materials, and words that promise, certify or
 * rank.
 */
import { foldText } from '../brief/index.ts';

export interface ClaimSource {
  /** The submitted words, folded. */
  folded: string;
  /** Numbers of the submitted words as `readNumbers` writes them. */
  numbers: ReadonlySet<string>;
  /** Words of the submitted text. */
  words: ReadonlySet<string>;
}

/**
 * Everything a text may rely on: the submitted title, description, keywords and audience. Most texts ask for
 * neither numbers nor words.
 */
export function createClaimSource(texts: readonly string[]): ClaimSource {
  const folded = foldText(texts.join(' \n '));
  let numbers: ReadonlySet<string> | undefined;
  let words: ReadonlySet<string> | undefined;
  return {
    folded,
    get numbers() {
      return (numbers ??= new Set(readNumbers(folded)));
    },
    get words() {
      return (words ??= new Set(folded.match(/\p{L}[\p{L}\p{M}']*/gu)));
    },
  };
}

const NUMBER =
  /([$\u20ac\u00a3\u00a5\u20b9#]\s?)?(\p{Nd}+(?:[.,:/]\p{Nd}+)*)(\s?(?:%|\u2030|percent\b))?([$\u20ac\u00a3\u00a5\u20b9])?/gu;
const DIGIT = /\p{Nd}/gu;
const HAS_DIGIT = /\p{Nd}/u;

/**
 * Numbers as they bind: `20`, and with a mark that changes what they say `20%`, `$20`, `#1`.
 * Separators of thousands are dropped, so `1,000` and `1000` are one number.
 */
export function readNumbers(text: string): string[] {
  const found: string[] = [];
  if (!HAS_DIGIT.test(text)) return found;
  for (const [, before, digits = '', percent, after] of text.matchAll(NUMBER)) {
    const plain = digits
      .replaceAll(DIGIT, toAsciiDigit)
      .replaceAll(/,(?=\d{3}(?:\D|$))/gu, '')
      .replace(/^0+(?=\d)/u, '');
    const mark = (before ?? after ?? '').trim();
    found.push(plain);
    if (mark !== '') found.push(mark + plain);
    if (percent !== undefined) found.push(`${plain}%`);
  }
  return found;
}

function toAsciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  if (code < 0x80) return digit;
  // Decimal digits of every script stand in runs of ten; how far a run reaches back tells the value.
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1;
  return String(value % 10);
}

const NUMBER_WORDS = new Map(
  'two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'
    .split(' ')
    .map((word, index) => [word, String(index + 2)]),
);
for (const [word, digits] of Object.entries({
  thirty: '30',
  forty: '40',
  fifty: '50',
  sixty: '60',
  seventy: '70',
  eighty: '80',
  ninety: '90',
  hundred: '100',
  hundreds: '100',
  thousand: '1000',
  thousands: '1000',
  million: '1000000',
  millions: '1000000',
  billion: '1000000000',
  dozen: '12',
  dozens: '12',
  half: '1/2',
  double: '2',
  twice: '2',
  triple: '3',
})) {
  NUMBER_WORDS.set(word, digits);
}

const MATERIALS = new Set(
  'leather suede steel iron aluminum aluminium titanium brass bronze copper silver gold golden platinum cotton wool woolen merino silk silken linen denim cashmere fleece nylon polyester spandex lycra viscose rayon velvet satin canvas hemp jute bamboo oak walnut teak pine mahogany maple wood wooden rattan wicker marble granite ceramic porcelain stoneware crystal diamond diamonds pearl pearls sapphire ruby emerald plastic acrylic rubber silicone latex vinyl carbon graphene kevlar gore-tex cork foam enamel alloy chrome zinc'.split(
    ' ',
  ),
);

// Each alternative is a stem: what the text says must stand, in this or a longer form, in the source.
const PROMISES = new RegExp(
  "\\b(?:award[- ]winning|clinical(?:ly)?|dermatologist|doctor|dentist|pediatrician|physician|veterinarian|expert[- ]approved|fda|ce[- ]certified|certified|certification|accredited|patent(?:ed)?|scientific(?:ally)?|science[- ]backed|lab[- ]tested|proven|tested|guarantee[ds]?|warranty|money[- ]back|refund|risk[- ]free|lifetime|free shipping|free delivery|fast shipping|same[- ]day|next[- ]day|discount|sale|clearance|coupon|promo code|lowest price|best price|cheapest|limited (?:time|edition|stock)|while supplies last|sold out|back in stock|best[- ]?sell(?:er|ing)|top[- ]rated|number one|no\\. ?1|world(?:'s)? (?:best|leading|first|finest)|market[- ]leading|industry[- ]leading|leading brand|most popular|unbeatable|unrivall?ed|revolutionary|groundbreaking|first[- ]ever|the best|the only|the finest|organic|vegan|vegetarian|cruelty[- ]free|hypoallergenic|non[- ]?toxic|bpa[- ]free|gluten[- ]free|sugar[- ]free|chemical[- ]free|paraben[- ]free|fragrance[- ]free|eco[- ]friendly|sustainabl[ey]|biodegradable|recyclable|recycled|carbon[- ]neutral|fair[- ]trade|waterproof|water[- ]resistant|shockproof|fireproof|shatterproof|scratch[- ]resistant|stain[- ]resistant|unbreakable|indestructible|handmade|hand[- ]?crafted|made in [a-z]+|cures?|heals?|treats? (?:acne|pain|disease)|prevents? (?:disease|illness|aging)|anti[- ]?aging|weight loss|lose weight|miracle|instant results|official(?:ly)?|authentic|genuine|endorsed|celebrity)\\b",
  'gu',
);

const WORD = /\p{L}[\p{L}\p{M}'-]*/gu;

const NEGATED = /\b(?:not|no|never|non|isn't|aren't|without|nor|doesn't|wasn't)\s+(?:[^\s.!?;:]+\s+){0,2}$/u;

/** Why the text may not be said, or undefined: the first claim its source does not make. */
export function findUnsupportedClaim(text: string, source: ClaimSource): string | undefined {
  const folded = foldText(text);
  for (const number of readNumbers(folded)) {
    if (!source.numbers.has(number)) return `the number ${number} is not in the input`;
  }
  for (const word of folded.match(WORD) ?? []) {
    const digits = NUMBER_WORDS.get(word);
    if (digits !== undefined && !source.words.has(word) && !source.numbers.has(digits))
      return `the number "${word}" is not in the input`;
    if (MATERIALS.has(word) && !isStated(word, source.folded))
      return `the material "${word}" is not in the input`;
  }
  for (const promise of folded.match(PROMISES) ?? []) {
    if (!isStated(promise, source.folded)) return `the claim "${promise}" is not in the input`;
  }
  return undefined;
}

/** Whether the source says it somewhere without a negation before it. Hyphens and spaces are alike. */
function isStated(words: string, source: string): boolean {
  const pattern = new RegExp(
    `(?<![\\p{L}\\p{N}])${words.split(/[- ]/u).map(escape).join('[- ]?')}(?![\\p{L}\\p{N}])`,
    'gu',
  );
  for (const match of source.matchAll(pattern)) {
    if (!NEGATED.test(source.slice(Math.max(0, match.index - 40), match.index))) return true;
  }
  return false;
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&');
}
