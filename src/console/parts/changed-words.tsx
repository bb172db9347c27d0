/** A text with what was changed in it: words taken out struck through, words put in underlined. */
import { compareWords } from './compare-words.ts';

export function ChangedWords({ before, after }: { before: string; after: string }) {
  return (
    <>
      {compareWords(before, after).map(({ kind, text }, index) =>
        kind === 'same' ? (
          text
        ) : kind === 'out' ? (
          <del key={index}>{text}</del>
        ) : (
          <ins key={index}>{text}</ins>
        ),
      )}
    </>
  );
}
