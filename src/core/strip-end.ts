/**
 * Text without what its end is made of. `/[…]+$/` says the same and is quadratic: it starts anew at each
 * place of each run of those characters that is not at the end.
 */

/** @param unwanted matches one character */
export function stripEnd(text: string, unwanted: RegExp): string {
  let end = text.length;
  while (end > 0 && unwanted.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
