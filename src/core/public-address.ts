/**
 * An address as strangers may see it: where it leads, without the user, the password and the query, in which
 * servers take tokens under any name (`?token=`, `?sig=`).
 */
export function publicAddress(url: string): string {
  if (!URL.canParse(url)) return '********';
  const parsed = new URL(url);
  const { username, password, search, hash } = parsed;
  return [username, password, search, hash].every((part) => part === '') ? url : originAndPath(parsed);
}

/** The part of an address that may be shown and stored, in its one spelling. */
export function originAndPath({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
