/**
 * Phrases of a description that copy may repeat as they stand: what the product is, what it has, what it does, what it suits.
 * Nothing is invented here; a sentence in the first person, with a negation or with a complaint gives no phrase.
 */

export interface Phrase {
  text: string;
  /** Number of the sentence it comes from, so that one text does not say the same thing twice. */
  sentence: number;
}

export interface Phrases {
  /** What it is, with its article: `a finely milled setting powder`. */
  definitions: Phrase[];
  /** What it has: `a smooth and matte finish`. */
  features: Phrase[];
  /** What it does, as an infinitive without `to`: `control shine`. */
  uses: Phrase[];
  /** What it suits: `everyday wear`. */
  occasions: Phrase[];
  /** Describing words: `lightweight`. */
  adjectives: string[];
  /** Whole sentences, with their full stop. */
  quotes: Phrase[];
}

const UNQUOTABLE =
  /\b(?:i|i'm|i'd|i've|i'll|me|my|mine|we|we're|our|ours|us|he|she|her|his|not|no|never|none|cannot|without|but|however|although|unfortunately|poor|poorly|bad|badly|worst|worse|cheap|cheaply|broke|broken|breaks|flimsy|return|returned|refund|disappoint\w*|terrible|awful|horrible|defect\w*|waste|useless|stopped|issue|issues|problem|problems|refurbished|damaged|another variant)\b|n't\b|https?:|www\.|@|\.{2,}|[\u2026{}[\]<>|\\^~*_#]/iu;

const SENTENCE_END = /(?<=[.!?])["')\u201d\u2019]?\s+(?=["'(\u201c\u2018]?[\p{Lu}\p{N}])|\s[\u2022\u00b7]\s/u;
// Where a phrase stops: punctuation, or a word that opens another clause.
const STOP =
  "(?=\\s*(?:[.;:!?()]|$|,\\s|\\s[-\\u2013\\u2014]\\s|\\b(?:that|which|who|making|while|so|because|as well as|providing|ensuring|allowing|offering|perfect|ideal|suitable|when|if|it|it's|they|you|and (?:is|are|it|has|can|will|offers|provides))\\b))";

const HAS = new RegExp(
  `\\b(?:features?|featuring|offers?|offering|provides?|providing|delivers?|delivering|includes?|including|comes? with|equipped with|brings?|showcases?|has|have|with|enjoy|experience)\\s+((?:an?\\s|the\\s)?[a-z][^.;:!?()]*?)${STOP}`,
  'giu',
);
const IS = new RegExp(`\\b(?:is|are)\\s+(an?\\s[a-z][^.;:!?()]*?)${STOP}`, 'iu');
const LEADING_DEFINITION = new RegExp(`^((?:an?\\s)?[a-z][\\w'-]*(?:\\s[\\w'-]+){1,5}?)${STOP}`, 'iu');
const DOES = new RegExp(
  `\\b(?:designed|made|built|crafted|perfect|ideal|great|used|helps?|helping|lets? you|allows? you|helps? you)\\s+to\\s+([a-z][^.;:!?()]*?)${STOP}`,
  'giu',
);
const SUITS = new RegExp(
  `\\b(?:perfect|ideal|great|suitable|designed|made|built|good|option|choice|staple)\\s+for\\s+([a-z][^.;:!?()]*?)${STOP}`,
  'giu',
);

const ADJECTIVES = new Set(
  'adjustable aromatic bold bright breathable bright classic clean comfortable compact convenient cozy creamy crisp crunchy decorative delicate delicious durable dynamic easy efficient elegant ergonomic essential everyday flavorful flexible floral foldable fresh fruity fun functional gentle glossy graceful handy high-performance high-quality hydrating iconic immersive innovative intuitive juicy lightweight long-lasting luxurious matte minimalist modern natural neutral nutritious playful portable powerful practical precise premium professional protective radiant reliable refreshing responsive rich roomy rugged sharp silky sleek slim smart smooth soft soothing spacious stackable sturdy stylish supportive sweet tender timeless trendy unique user-friendly vibrant versatile vivid warm washable wireless cordless rechargeable'.split(
    ' ',
  ),
);

const ELSEWHERE = /\b(?:for|to|of|in|on|when|while|ensuring|making|providing|adding|enhancing|that|which)\b/u;

const MAX_SENTENCES = 12;
const MAX_PHRASES = 6;

/** Reads a cleaned description. Cost grows with its first twelve sentences only. */
export function extractPhrases(description: string): Phrases {
  const found: Phrases = {
    definitions: [],
    features: [],
    uses: [],
    occasions: [],
    adjectives: [],
    quotes: [],
  };
  const sentences = description.split(SENTENCE_END, MAX_SENTENCES);
  for (const [number, raw] of sentences.entries()) {
    const sentence = raw.trim();
    if (sentence.length < 8 || sentence.length > 400 || UNQUOTABLE.test(sentence)) continue;
    collect(
      found.definitions,
      IS.exec(sentence)?.[1] ?? (number === 0 ? leadingDefinition(sentence) : undefined),
      number,
    );
    for (const match of sentence.matchAll(HAS)) collect(found.features, match[1], number);
    for (const match of sentence.matchAll(DOES)) collect(found.uses, match[1], number);
    for (const match of sentence.matchAll(SUITS)) collect(found.occasions, match[1], number);
    // After these words the adjectives speak of something else: "for delicious meals".
    const [own = ''] = sentence.toLowerCase().split(ELSEWHERE, 1);
    for (const [word] of own.matchAll(/[a-z]+(?:-[a-z]+)*/gu)) {
      if (ADJECTIVES.has(word) && !found.adjectives.includes(word)) found.adjectives.push(word);
    }
    if (isQuotable(sentence)) found.quotes.push({ text: endSentence(sentence), sentence: number });
  }
  return found;
}

/** `Versatile cooking oil suitable for frying` opens without a verb: what comes first is what it is. */
function leadingDefinition(sentence: string): string | undefined {
  const text = LEADING_DEFINITION.exec(sentence)?.[1];
  if (text === undefined || /^(?:the|this|these|it|with|your|discover|meet|enjoy|experience)\b/iu.test(text))
    return undefined;
  if (/\b(?:is|are|has|have|will|can|offers?|provides?|features?|was|were)\b/iu.test(text)) return undefined;
  return /^an?\s/iu.test(text) ? text : undefined;
}

function collect(list: Phrase[], raw: string | undefined, sentence: number): void {
  if (raw === undefined || list.length >= MAX_PHRASES) return;
  const text = lowerFirst(raw.replace(/^(?:both|also|its|their|only)\s+/iu, '').replace(/[\s,'"]+$/u, ''));
  const words = text.split(' ').length;
  if (words < 2 || words > 10 || text.length > 70) return;
  if (
    /^(?:the|this|these|that|those|every|each|been|to|being|in|on|for|of|at|by|from|features?|you|your)\b/iu.test(
      text,
    )
  )
    return;
  if (/\b(?:and|or|with|for|of|to|in|a|an|the|by|from|into|its|your|on|at|is|are|has|have)$/iu.test(text))
    return;
  if (/\b(?:is|are|was|were|has|have|it|they)\b/iu.test(text) || /["\u201c\u201d]/u.test(text)) return;
  if (list.some((phrase) => phrase.text === text || phrase.text.includes(text) || text.includes(phrase.text)))
    return;
  list.push({ text, sentence });
}

function isQuotable(sentence: string): boolean {
  return (
    sentence.length >= 25 &&
    sentence.length <= 130 &&
    /^\p{Lu}/u.test(sentence) &&
    !/["\u201c\u201d()]/u.test(sentence)
  );
}

function endSentence(sentence: string): string {
  return /[.!?]$/u.test(sentence) ? sentence : `${sentence}.`;
}

/** Lower-cases an opening capital, but not that of an acronym or a name such as `iPhone` or `LED`. */
export function lowerFirst(text: string): string {
  return /^\p{Lu}\p{Ll}+(?:\s|$|-)|^A\s/u.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
