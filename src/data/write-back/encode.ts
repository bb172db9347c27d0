/**
 * From UTF-8 back to the encoding that a text came in. UTF-16 and encodings of a byte a character are
 * written; what ours holds beyond the latter loses its accents or goes, since the file has no way to say it.
 */
import { decodeWindows1252 } from '../../core/encodings.ts';

export interface Encoder {
  encode(utf8: Buffer): Buffer;
  end(): Buffer;
}

/** @param encoding as WHATWG calls it; `binary` for formats that say how their texts are kept */
export function isWritable(encoding: string): boolean {
  return ['utf-8', 'binary', 'utf-16le', 'utf-16be'].includes(encoding) || findBytes(encoding) !== undefined;
}

export function createEncoder(encoding: string): Encoder {
  if (encoding === 'utf-8') return { encode: (utf8) => utf8, end: () => Buffer.alloc(0) };
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const write = encoding.startsWith('utf-16') ? writeUtf16(encoding) : writeBytes(encoding);
  return {
    encode: (utf8) => write(decoder.decode(utf8, { stream: true })),
    end: () => write(decoder.decode()),
  };
}

function writeUtf16(encoding: string): (text: string) => Buffer {
  return (text) => {
    const bytes = Buffer.from(text, 'utf16le');
    return encoding === 'utf-16be' ? bytes.swap16() : bytes;
  };
}

function writeBytes(encoding: string): (text: string) => Buffer {
  const bytes = findBytes(encoding) ?? new Map<string, number>();
  return (text) => {
    const out: number[] = [];
    for (const char of text) {
      const byte = bytes.get(char);
      if (byte !== undefined) out.push(byte);
      else
        for (const part of char.normalize('NFKD'))
          out.push(...(bytes.has(part) ? [bytes.get(part) as number] : []));
    }
    return Buffer.from(out);
  };
}

/** The byte of every character; undefined where a character can be more than a byte. */
function findBytes(encoding: string): ReadonlyMap<string, number> | undefined {
  const bytes = new Map<string, number>();
  // Node's decoder of Windows-1252 is that of ISO 8859-1: reading has a table of its own, and so has this.
  const decoder = new TextDecoder(encoding);
  for (let byte = 0; byte < 256; byte += 1) {
    const text =
      encoding === 'windows-1252'
        ? decodeWindows1252(Buffer.from([byte]))
        : decoder.decode(new Uint8Array([byte]));
    if (text.length !== 1 || (byte < 0x80 && text.charCodeAt(0) !== byte)) return undefined;
    if (text !== '\ufffd') bytes.set(text, byte);
  }
  // Lead bytes of encodings of more than one byte decode to nothing by themselves.
  return bytes.size > 200 ? bytes : undefined;
}
