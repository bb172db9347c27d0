/**
 * An address as strangers may see it: where it leads, without the user, the password and the query, in which servers take tokens under
 * any name (`?token=`, `?sig=`).
 */
export function publicAddress(url: string): string {
  if (!URL.canParse(url)) return '********';
  const { origin, pathname, username, password, search, hash } = new URL(url);
  return [username, password, search, hash].every((part) => part === '') ? url : `${origin}${pathname}`;
}
