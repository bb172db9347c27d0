/**
 * Where the user is: `#/run/<id>?tab=log`. The address keeps a page's whole state, so that a link shows what
 * its sender saw. Behind the hash, since paths such as `/runs` are the API's, and because it works below any
 * proxy's path.
 */
import { useEffect, useState } from 'preact/hooks';

export interface Route {
  page: string;
  /** What follows the page's name: an id, a version. */
  rest: readonly string[];
  query: URLSearchParams;
}

/** What every page is given. */
export interface PageProps {
  route: Route;
}

function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [page = '', ...rest] = path.split('/').map(decode);
  return { page: page === '' ? 'home' : page, rest, query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @param query undefined and empty values are left out */
export function linkTo(
  page: string,
  rest: readonly (string | number)[] = [],
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const path = [page === 'home' ? '' : page, ...rest.map(String)].map(encodeURIComponent).join('/');
  return `#/${path}${entries.length > 0 ? `?${new URLSearchParams(entries)}` : ''}`;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const onChange = (): void => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return route;
}

/** Changes the page's filters without a new entry in the history. */
export function changeQuery(route: Route, change: Readonly<Record<string, string | undefined>>): void {
  const query = { ...Object.fromEntries(route.query), ...change };
  history.replaceState(null, '', linkTo(route.page, route.rest, query));
  dispatchEvent(new HashChangeEvent('hashchange'));
}
