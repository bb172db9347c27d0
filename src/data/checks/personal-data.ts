/**
 * What may tell who somebody is: addresses, telephone numbers, numbers of cards (with their check digit, ISO
 * 7812). Told by form, so some are missed and some are none.
 */
export type PersonalKind = 'e-mail' | 'phone' | 'card';

interface Found {
  kind: PersonalKind;
  start: number;
  end: number;
}

const MAIL = /[\w.%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}/gu;
const CARD = /(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d.,-]\d)/gu;
/** In the international form, or as it is written with a word or brackets: article numbers are none. */
const PHONES = [
  /(?<![\w+])(?:\+[1-9]\d{0,2}|00[1-9]\d{0,2}[ ./-])(?:[ ./-]?\(?\d{1,5}\)?){2,6}(?!\d)/gu,
  /(?<!\d)\(\d{3}\) ?\d{3}[ .-]\d{4}(?!\d)/gu,
  /(?<![\d.-])\d{3}[ .-]\d{3}[ .-]\d{4}(?![\d.-]\d)/gu,
];
const TOLD =
  /\b(?:tel|phone|call|mobile|fax|telefon|ruf\w{0,10}|tél)\b[^\d+\n]{0,12}(\d(?:[ ./-]?\d){5,14})/giu;

/** In the order of the text; none overlaps another. */
export function findPersonalData(text: string): Found[] {
  if (!/[@\d]/u.test(text)) return [];
  const found: Found[] = [];
  const add = (kind: PersonalKind, start: number, end: number): void => {
    if (found.every((other) => end <= other.start || start >= other.end)) found.push({ kind, start, end });
  };
  if (text.includes('@'))
    for (const match of text.matchAll(MAIL)) add('e-mail', match.index, match.index + match[0].length);
  for (const match of text.matchAll(CARD))
    if (isCard(match[0])) add('card', match.index, match.index + match[0].length);
  for (const pattern of PHONES) {
    for (const match of text.matchAll(pattern)) {
      const digits = match[0].replaceAll(/\D/gu, '').length;
      if (digits >= 8 && digits <= 17) add('phone', match.index, match.index + match[0].length);
    }
  }
  for (const match of text.matchAll(TOLD)) {
    const end = match.index + match[0].length;
    add('phone', end - (match[1]?.length ?? 0), end);
  }
  return found.toSorted((a, b) => a.start - b.start);
}

/** `[e-mail]`, `[phone]`, `[card]` where it stood. */
export function maskPersonalData(text: string): string {
  let out = '';
  let at = 0;
  for (const { kind, start, end } of findPersonalData(text)) {
    out += `${text.slice(at, start)}[${kind}]`;
    at = end;
  }
  return out + text.slice(at);
}

/** Luhn's check, and a first digit that cards have. */
function isCard(text: string): boolean {
  const digits = text.replaceAll(/\D/gu, '');
  if (!/^[2-6]/u.test(digits) || /^(\d)\1*$/u.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
