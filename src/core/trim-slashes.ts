/**
 * `text` without the slashes at its end. A pattern such as `/+$` tries again from each slash of a run that
 * does not stand at the end.
 */
export function trimSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === '/') end -= 1;
  return text.slice(0, end);
}
