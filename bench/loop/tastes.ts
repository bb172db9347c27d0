/**
 * What the people of a simulated shop like, which nobody tells copyloop. A taste says of a text how well it
 * is liked, from 0 to 1; a text that is liked fully is clicked four times as often as one that is not at all.
 */
import { readCues } from '../../fixtures/read-cues.ts';

export interface TastedText {
  field: string;
  text: string;
  /** Of the product: praise is what repeats it. */
  description: string;
}

export type Taste = (text: TastedText) => number;

/** The field in which channels differ from the ad copy. */
export const CHANNEL_FIELD = 'x.text';
/** Clicks per impression of a text that is liked by half. */
const USUAL: Readonly<Record<string, number>> = { ad_copy: 0.04, [CHANNEL_FIELD]: 0.06 };
/** Clicks of a text that is liked fully, over those of one that is not. */
const EFFECT = 4;

const asks: Taste = ({ text }) => (text.includes('?') ? 1 : 0);
const isShort: Taste = ({ text }) => clamp((30 - text.split(/\s+/u).length) / 20);
const praises: Taste = ({ text, description }) => {
  const { count, praising } = readCues(text, description);
  return count === 0 ? 0 : praising / count;
};
const addresses: Taste = ({ text }) => (/\b(?:you|yours?)\b/iu.test(text) ? 1 : 0);
const urges: Taste = ({ text }) => (/\b(?:today|now|get|order|treat yourself)\b/iu.test(text) ? 1 : 0);
const onlyIn =
  (field: string, inField: Taste, elsewhere: Taste): Taste =>
  (text) =>
    (text.field === field ? inField : elsewhere)(text);
const not =
  (taste: Taste): Taste =>
  (text) =>
    1 - taste(text);

/**
 * By name. The synthetic law praises praise; the last two want in one channel what they shun in the other.
 */
export const TASTES: Readonly<Record<string, Taste>> = {
  'likes questions': asks,
  'likes it short': isShort,
  'dislikes praise': not(praises),
  'likes to be addressed': addresses,
  'dislikes urging': not(urges),
  'questions in ads, none on X': onlyIn(CHANNEL_FIELD, not(asks), asks),
  'short ads, long posts on X': onlyIn(CHANNEL_FIELD, not(isShort), isShort),
};

/** Clicks per impression that a text earns on average. */
export function rateOf(taste: Taste, text: TastedText): number {
  return (USUAL[text.field] ?? 0.05) * EFFECT ** (taste(text) - 0.5);
}

function clamp(x: number): number {
  return Math.min(1, Math.max(0, x));
}
