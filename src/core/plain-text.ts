/**
 * Text from outside: any language, any emoji, but no control characters and no broken Unicode, which
 * PostgreSQL and terminals choke on.
 */
import { z } from 'zod';

// Tab and line breaks are text; everything else below U+0020 is damage, above all NUL, which PostgreSQL
// refuses.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** What is wrong with `text`, or undefined. */
export function findUnprintable(text: string): string | undefined {
  const control = CONTROL.exec(text);
  if (control !== null) {
    const hex = control[0].charCodeAt(0).toString(16).padStart(2, '0');
    return `holds the control character \\x${hex}; only tab and line breaks are allowed`;
  }
  if (!text.isWellFormed()) return 'is not well-formed Unicode (a lone surrogate)';
  return undefined;
}

/** @param maxChars UTF-16 units, as JavaScript counts */
export function plainText(maxChars: number) {
  return z
    .string()
    .max(maxChars, { message: `has more than ${maxChars} characters`, abort: true })
    .superRefine((text, context) => {
      const reason = findUnprintable(text);
      if (reason !== undefined) context.addIssue({ code: 'custom', message: reason });
    });
}
