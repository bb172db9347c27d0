import { AppError } from '../../core/errors.ts';
import { splitPhrases, type Span } from './phrases.ts';

export interface PhraseEffect extends Span {
  text: string;
  /**
   * Score of the whole text minus the score without this phrase: above 0 the phrase raised the score, below 0
   * it lowered it.
   */
  effect: number;
}

export interface Explanation {
  /** Score of the whole text. */
  score: number;
  /** In the text's order. */
  phrases: PhraseEffect[];
}

export const MAX_PHRASES = 48;

/**
 * Which phrases raised or lowered the score: each is left out in turn (occlusion), all variants scored in one
 * batch of at most 49 texts. A text of one phrase has nothing to compare: its list is empty.
 */
export async function explainByOcclusion(
  text: string,
  scoreBatch: (texts: string[]) => Promise<number[]>,
): Promise<Explanation> {
  const spans = splitPhrases(text, MAX_PHRASES);
  const compared = spans.length > 1 ? spans : [];
  const variants = compared.map((span) => withoutSpan(text, span));
  const scores = await scoreBatch([text, ...variants]);
  if (scores.length !== variants.length + 1) {
    throw new AppError(
      'internal',
      `the score function returned ${scores.length} scores for ${variants.length + 1} texts`,
    );
  }
  const [score = 0, ...without] = scores;
  return {
    score,
    phrases: compared.map((span, index) => ({
      ...span,
      text: text.slice(span.start, span.end),
      effect: score - (without[index] ?? score),
    })),
  };
}

function withoutSpan(text: string, span: Span): string {
  return `${text.slice(0, span.start)}${text.slice(span.end)}`
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/\s(?=[,.;:!?])/gu, '')
    .replaceAll(/([,;:])(?:[,;:])+/gu, '$1')
    .trim();
}
