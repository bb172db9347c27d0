/** Takes a text to the clipboard and says that it did. */
import { useState } from 'preact/hooks';

export function CopyButton({ text }: { text: string }) {
  const [done, setDone] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(() => setDone(true));
  };
  return (
    <button type="button" class="quiet" onClick={copy} aria-label={`Copy: ${text.slice(0, 40)}`}>
      {done ? 'copied' : 'copy'}
    </button>
  );
}
