/** A number that a page is about: what it is of, itself, and what is to be known beside it. */
import type { ComponentChildren } from 'preact';

interface Props {
  of: string;
  value: ComponentChildren;
  children?: ComponentChildren;
}

/** One of a list of the class `loop`. */
export function Figure({ of, value, children }: Props) {
  return (
    <li>
      <span class="soft">{of}</span>
      <strong>{value}</strong>
      {children === undefined ? null : <div class="soft">{children}</div>}
    </li>
  );
}
