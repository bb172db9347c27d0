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
    void putOnClipboard(text).then((isDone) => setCopied(isDone ? text : undefined));
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

/** By a selection where the page came by plain HTTP: browsers keep the clipboard from such pages. */
async function putOnClipboard(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    const isDone = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    if (isDone) return true;
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'unseen';
  const focused = document.activeElement;
  // Within an open dialog nothing outside of it can be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const isDone = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isDone;
}
