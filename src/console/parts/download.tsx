/** Hands a text of this page out as a file. */
import type { ComponentChildren } from 'preact';

interface Props {
  name: string;
  make: () => string;
  children: ComponentChildren;
}

export function Download({ name, make, children }: Props) {
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => saveFile(name, make())}
      aria-label={`${name} for download`}
    >
      {children}
    </button>
  );
}

export function saveFile(name: string, csv: string): void {
  // With the mark that tells spreadsheets of UTF-8.
  const url = URL.createObjectURL(new Blob(['\uFEFF', csv], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
