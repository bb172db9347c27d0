/** Text from outside: any language, any emoji, but no control characters and no broken Unicode, which PostgreSQL and terminals choke on. */
import { z } from '@hono/zod-openapi';

// Tab and line breaks are text.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** @param maxChars UTF-16 units, as JavaScript counts */
export function plainText(maxChars: number) {
  return z
    .string()
    .max(maxChars, { message: `has more than ${maxChars} characters`, abort: true })
    .refine((text) => text.isWellFormed(), {
      message: 'is not well-formed Unicode (a lone surrogate)',
      abort: true,
    })
    .refine((text) => !CONTROL.test(text), {
      message: 'holds a control character; only tab and line breaks are allowed',
    });
}
