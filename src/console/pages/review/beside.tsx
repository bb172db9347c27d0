/** Another text for the same field of the same product, so that one can say which is the better one. */
import type { ReviewText } from './one-text.tsx';

/** The next text that `text` can be compared with and has not been. */
export function findBeside(
  text: ReviewText,
  texts: readonly ReviewText[],
  compared: ReadonlySet<string>,
): ReviewText | undefined {
  return texts.find(
    (other) =>
      other.text_id !== text.text_id &&
      other.prediction_id === text.prediction_id &&
      other.field === text.field &&
      other.text !== text.text &&
      !other.edited &&
      !text.edited &&
      !compared.has(pairOf(text, other)),
  );
}

export const pairOf = (a: ReviewText, b: ReviewText): string =>
  [a.text_id, b.text_id].toSorted((one, two) => (one < two ? -1 : 1)).join(' ');

interface Props {
  other: ReviewText;
  onJudge: (isBetter: boolean) => void;
}

export function Beside({ other, onJudge }: Props) {
  return (
    <article class="panel" aria-label="Another text for it">
      <p class="soft">
        Another for the same product
        {other.score === null ? null : <>, score {other.score.toFixed(2)}</>}. Which is better?
      </p>
      <p class="text foreign" dir="auto">
        {other.text}
      </p>
      <div class="row">
        <button type="button" onClick={() => onJudge(true)}>
          The first <kbd>b</kbd>
        </button>
        <button type="button" onClick={() => onJudge(false)}>
          This one <kbd>w</kbd>
        </button>
        <span class="soft">Both stay to be decided; the next run learns which was preferred.</span>
      </div>
    </article>
  );
}
