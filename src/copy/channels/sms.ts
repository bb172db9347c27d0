/**
 * SMS lengths (3GPP TS 23.038 6.2.1 and TS 23.040): a message is 140 octets; a longer text travels in parts
 * with a 6-octet header.
 */

const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const EXTENDED = '\f^{}\\[~]|€';

// Septets of each GSM-7 character: 1 in the basic table, 2 (escape first) in the extension table.
const SEPTETS = new Map<string, number>(Array.from(BASIC, (char) => [char, 1]));
for (const char of EXTENDED) SEPTETS.set(char, 2);

const SINGLE = { gsm7: 160, ucs2: 70 };
const PART = { gsm7: 153, ucs2: 67 };

/** Whether every character has a GSM-7 code; one that has none makes the whole message UCS-2. */
export function isGsm7(text: string): boolean {
  for (const char of text) if (!SEPTETS.has(char)) return false;
  return true;
}

/**
 * Messages that carriers would send (and bill) for `text`. An escape pair or a surrogate pair is never split
 * over two parts.
 */
export function smsParts(text: string): number {
  const gsm7 = isGsm7(text);
  let total = 0;
  let parts = 1;
  let used = 0;
  const room = gsm7 ? PART.gsm7 : PART.ucs2;
  for (const char of text) {
    const size = gsm7 ? (SEPTETS.get(char) ?? 1) : char.length;
    total += size;
    if (used + size > room) {
      parts += 1;
      used = 0;
    }
    used += size;
  }
  return total <= (gsm7 ? SINGLE.gsm7 : SINGLE.ucs2) ? 1 : parts;
}

const REPLACEMENTS: Record<string, string> = {
  '\u2018': "'",
  '\u2019': "'",
  '\u201a': "'",
  '\u201c': '"',
  '\u201d': '"',
  '\u201e': '"',
  '\u2013': '-',
  '\u2014': '-',
  '\u2010': '-',
  '\u2011': '-',
  '\u2212': '-',
  '\u2026': '...',
  '\u00a0': ' ',
  '\u202f': ' ',
  '\u2022': '-',
  '`': "'",
  '\t': ' ',
};

/**
 * Typographic quotes, dashes and the like as their GSM-7 kin, so that one curly quote does not halve the
 * room.
 */
export function toGsm7(text: string): string {
  return text.replaceAll(
    /[\u2018\u2019\u201a\u201c-\u201e\u2010\u2011\u2013\u2014\u2026\u2212\u00a0\u202f\u2022`\t]/gu,
    (char) => REPLACEMENTS[char] ?? char,
  );
}
