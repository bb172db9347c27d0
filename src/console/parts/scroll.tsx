/** What may be larger than its place: scrolled, by the keyboard too where it is larger. */
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Props {
  children: ComponentChildren;
}

/** Wider than the page. */
export function Scroll({ children }: Props) {
  const place = useReach<HTMLDivElement>();
  return (
    <div class="scroll" ref={place}>
      {children}
    </div>
  );
}

/** Lines as they are, of a log or a file. */
export function Lines({ children }: Props) {
  const place = useReach<HTMLPreElement>();
  return <pre ref={place}>{children}</pre>;
}

/** Looked at after each drawing: what grows within its place leaves the place as large as it was. */
function useReach<E extends HTMLElement>(): RefObject<E | null> {
  const place = useRef<E>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const look = new ResizeObserver(() => {
      const { scrollWidth, clientWidth, scrollHeight, clientHeight } = element;
      if (scrollWidth > clientWidth || scrollHeight > clientHeight) element.tabIndex = 0;
      else element.removeAttribute('tabindex');
    });
    look.observe(element);
    for (const child of element.children) look.observe(child);
    return () => look.disconnect();
  });
  return place;
}
