/**
 * The charset that a Content-Type declares, by the names that the web knows
 * (https://encoding.spec.whatwg.org).
 */
import { createDecoder, findEncodingName, type Decoder } from '../../core/encodings.ts';
import { AppError } from '../../core/errors.ts';

const MAX_HEADER_CHARS = 500;

/** What the type says before its parameters, in lower case: `text/csv`; '' where there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  const [type = ''] = (contentType ?? '').slice(0, MAX_HEADER_CHARS).split(';', 1);
  return type.trim().toLowerCase();
}

/**
 * A strict decoder of the declared charset; undefined where none is declared. @throws AppError
 * `wrong-media-type`
 */
export function decoderOf(contentType: string | undefined): Decoder | undefined {
  const charset = parameterOf((contentType ?? '').slice(0, MAX_HEADER_CHARS), 'charset');
  if (charset === undefined) return undefined;
  const encoding = findEncodingName(charset);
  if (encoding !== undefined) return createDecoder(encoding);
  throw new AppError(
    'wrong-media-type',
    `the charset ${JSON.stringify(charset.slice(0, 60))} is not read: send the text as UTF-8`,
    { details: { field: 'content-type' } },
  );
}

/** Bytes in the charset of `decoder` as UTF-8. @throws AppError `invalid-input` where they are not in it */
export async function* toUtf8(
  bytes: AsyncIterable<Uint8Array>,
  decoder: Decoder,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const chunk of bytes)
    yield encoder.encode(decodeAs(decoder, () => decoder.decode(chunk, { stream: true })));
  yield encoder.encode(decodeAs(decoder, () => decoder.decode()));
}

/** @throws AppError `invalid-input` that names the charset */
export function decodeAs(decoder: Decoder, decode: () => string): string {
  try {
    return decode();
  } catch (cause) {
    const name = decoder.encoding.toUpperCase();
    const advice = name === 'UTF-8' ? 'send its text encoded as UTF-8' : 'declare the charset that it is in';
    throw new AppError('invalid-input', `the body is not ${name}: ${advice}`, {
      details: { field: 'body' },
      cause,
    });
  }
}

function parameterOf(contentType: string, wanted: string): string | undefined {
  for (const part of contentType.split(';').slice(1)) {
    const equals = part.indexOf('=');
    if (part.slice(0, Math.max(equals, 0)).trim().toLowerCase() !== wanted) continue;
    const value = part.slice(equals + 1).trim();
    return value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  }
  return undefined;
}
