/**
 * Title and description with the phrases that raised or lowered the score, each marked in colour, weight and
 * words.
 */
interface Phrase {
  start: number;
  end: number;
  effect: number;
}

/** Effects below this, in points of the score, are not worth a mark. */
const LEAST_EFFECT = 0.005;

interface Props {
  /** What was scored: the phrases' offsets count in it. */
  text: string;
  explanation: { score: number; phrases: readonly Phrase[] };
}

export function Explanation({ text, explanation }: Props) {
  const parts: preact.ComponentChild[] = [];
  let at = 0;
  for (const { start, end, effect } of explanation.phrases) {
    parts.push(text.slice(at, start));
    const phrase = text.slice(start, end);
    parts.push(
      Math.abs(effect) < LEAST_EFFECT ? (
        phrase
      ) : (
        <mark
          key={start}
          class={effect > 0 ? 'raises' : 'lowers'}
          title={`${effect > 0 ? '+' : ''}${effect.toFixed(3)}`}
        >
          {phrase}
          <sup>{effect > 0 ? '+' : '−'}</sup>
        </mark>
      ),
    );
    at = end;
  }
  parts.push(text.slice(at));
  return (
    <>
      <h2>What the score hangs on</h2>
      <p class="panel foreign explained" dir="auto">
        {parts}
      </p>
      <p class="soft">+ raises the score, − lowers it; the amount shows on hover.</p>
    </>
  );
}
