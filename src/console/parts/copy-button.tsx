/** Puts a text on the clipboard. */
import { useState } from 'preact/hooks';

interface Props {
  text: string;
  /** What is copied, where the button stands beside something else. */
  what?: string;
}

export function CopyButton({ text, what }: Props) {
  const [copied, setCopied] = useState<string>();
  const done = copied === text;
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(() => setCopied(text));
  };
  return (
    <button
      type="button"
      class="quiet"
      onClick={copy}
      title={what === undefined ? undefined : text}
      aria-label={done ? undefined : `Copy ${what ?? text.slice(0, 40)}`}
    >
      {done ? 'copied' : ['copy', what].join(' ').trim()}
    </button>
  );
}
