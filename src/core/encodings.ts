/**
 * Encodings by the names that the web knows (https://encoding.spec.whatwg.org) and those that Python, MySQL,
 * Windows and people write, and strict decoders of them.
 */

/** What a `TextDecoder` does, as far as it is needed. */
export type Decoder = Pick<InstanceType<typeof TextDecoder>, 'encoding' | 'decode'>;

/** Behind names that are no labels of the web, written without what separates: `CP-932`, `utf_8_sig`. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  utf8sig: 'utf-8',
  utf8mb3: 'utf-8',
  utf8mb4: 'utf-8',
  cp65001: 'utf-8',
  utf16: 'utf-16le',
  utf16le: 'utf-16le',
  utf16be: 'utf-16be',
  ansi: 'windows-1252',
  latin9: 'iso-8859-15',
  macroman: 'macintosh',
  koi8r: 'koi8-r',
  koi8u: 'koi8-u',
  cp932: 'shift_jis',
  ms932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  ms949: 'euc-kr',
  cp950: 'big5',
  eucjp: 'euc-jp',
  euckr: 'euc-kr',
};

/** The name that WHATWG gives to what `label` names; undefined where it names no encoding that is read. */
export function findEncodingName(label: string): string | undefined {
  if (label.length > MAX_LABEL_CHARS) return undefined;
  const bare = label.toLowerCase().replaceAll(/[\s_-]/gu, '');
  const known = Object.hasOwn(OTHER_NAMES, bare) ? OTHER_NAMES[bare] : undefined;
  const page = /^(?:windows|win|cp|ms)(125\d|874)$/u.exec(bare)?.[1];
  const part = /^iso8859(\d{1,2})$/u.exec(bare)?.[1];
  const names = [label, known, page && `windows-${page}`, part && `iso-8859-${part}`, bare];
  for (const name of names) {
    const encoding = name && encodingOf(name);
    if (encoding) return encoding;
  }
  return undefined;
}

/** @param encoding as WHATWG calls it. Its decoder throws a TypeError for bytes that are not in it. */
export function createDecoder(encoding: string): Decoder {
  if (encoding !== 'windows-1252') return new TextDecoder(encoding, { fatal: true });
  return { encoding, decode: (bytes) => (bytes ? decodeWindows1252(toBuffer(bytes)) : '') };
}

const FROM_0X80 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** Node's own decoder takes the bytes from 0x80 to 0x9f for control characters, as ISO 8859-1 has them. */
export function decodeWindows1252(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replaceAll(/[\u0080-\u009f]/gu, (char) => FROM_0X80[char.charCodeAt(0) - 0x80] as string);
}

const MAX_LABEL_CHARS = 60;

function encodingOf(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

function toBuffer(bytes: ArrayBuffer | ArrayBufferView): Buffer {
  return ArrayBuffer.isView(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Buffer.from(bytes);
}
