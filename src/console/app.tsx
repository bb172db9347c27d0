/**
 * The shell: navigation, the page that the address names, and what every page has (keys, theme, a word when
 * the server is away).
 */
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { pages } from './pages/index.ts';
import { toError, Trouble } from './parts/trouble.tsx';
import { Keys } from './keys.tsx';
import { useAway } from './app/live.ts';
import { formatClock } from './parts/time.tsx';
import { linkTo, useRoute, type PageProps } from './app/route.ts';
import { SignedIn, SignOut, useMay, type Session } from './app/sign-in.tsx';
import { ThemeChoice, TimesChoice } from './app/preferences.tsx';

export function App() {
  return <SignedIn>{(session) => <Shell session={session} />}</SignedIn>;
}

function AwayNotice() {
  const since = useAway();
  if (since === undefined) return null;
  return (
    <p class="notice" role="status">
      The server or its database has not answered since {formatClock(new Date(since).toISOString())}. What you
      see is what was last heard; the page goes on by itself.
    </p>
  );
}

function Shell({ session }: { session: Session }) {
  const route = useRoute();
  const isAdmin = useMay('admin');
  const page = pages[route.page];
  const [loaded, setLoaded] = useState<{ name: string; Page: ComponentType<PageProps> }>();
  const [error, setError] = useState<Error>();
  const main = useRef<HTMLElement>(null);

  useEffect(() => {
    if (page === undefined) return undefined;
    // A page that comes after one has gone on must not take the place of the one that is open.
    let isOpen = true;
    document.title = `${page.title} · copyloop`;
    setError(undefined);
    page.load().then(
      (module) => (isOpen ? setLoaded({ name: route.page, Page: module.default }) : undefined),
      (cause: unknown) => (isOpen ? setError(toError(cause)) : undefined),
    );
    return () => {
      isOpen = false;
    };
  }, [route.page, page]);

  const place = route.page + route.rest.join('/');
  useEffect(() => {
    // On a phone the navigation is one line that scrolls sideways.
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [route.page]);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [place]);

  return (
    <div class="shell">
      <nav aria-label="Pages">
        <a
          class="skip"
          href="#main"
          onClick={(event) => {
            event.preventDefault();
            main.current?.focus();
          }}
        >
          Skip to the page
        </a>
        <a href={linkTo('home')} class="brand">
          <img src="icon.svg" alt="" /> copyloop
        </a>
        <ul>
          {Object.entries(pages)
            .filter(([, { under, role }]) => under === undefined && (role === undefined || isAdmin))
            .map(([name, { title, isFirst }]) => (
              <li key={name} class={isFirst === true ? 'first' : undefined}>
                <a
                  href={linkTo(name)}
                  aria-current={name === (page?.under ?? route.page) ? 'page' : undefined}
                >
                  {title}
                </a>
              </li>
            ))}
        </ul>
        <p class="soft elsewhere">
          <a href="docs">API</a> <a href="queues">Queues</a>
        </p>
        <p class="preferences">
          <ThemeChoice /> <TimesChoice />
        </p>
        <SignOut session={session} />
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        <AwayNotice />
        {page === undefined ? (
          <>
            <h1>There is no such page</h1>
            <p>
              <a href={linkTo('home')}>Go to Home</a>
            </p>
          </>
        ) : error !== undefined ? (
          <Trouble error={error} retry={() => location.reload()} />
        ) : loaded?.name === route.page ? (
          <loaded.Page route={route} key={place} />
        ) : (
          <p class="soft">Loading…</p>
        )}
      </main>
      <Keys />
    </div>
  );
}
