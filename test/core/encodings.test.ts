import { describe, expect, it } from 'vitest';
import { createDecoder, findEncodingName } from '../../src/core/encodings.ts';

describe('the name of an encoding', () => {
  it.each([
    ['utf-8', ['UTF8', 'utf_8', 'utf-8-sig', 'utf8mb4', 'unicode-1-1-utf-8', 'CP65001']],
    ['utf-16le', ['utf-16', 'UTF16', 'utf-16-le', 'utf16le', 'ucs-2']],
    [
      'windows-1252',
      ['latin1', 'latin-1', 'Latin_1', 'iso-8859-1', 'iso_8859_1', 'iso_8859-1:1987', 'ISO8859-1'],
    ],
    [
      'windows-1252',
      ['cp1252', 'cp-1252', 'windows1252', 'Windows 1252', 'win-1252', 'ansi', 'us-ascii', 'ascii'],
    ],
    ['iso-8859-15', ['latin-9', 'latin9', 'iso8859_15', 'ISO-8859-15', 'l9']],
    ['iso-8859-2', ['latin2', 'latin-2', 'iso8859-2']],
    ['windows-1250', ['cp1250', 'windows-1250', 'win1250']],
    ['shift_jis', ['sjis', 'shift-jis', 'cp932', 'ms932', 'windows-31j']],
    ['gbk', ['gb2312', 'cp936', 'gbk']],
    ['euc-kr', ['euc_kr', 'cp949', 'euckr']],
    ['macintosh', ['macroman', 'mac-roman', 'x-mac-roman']],
  ])('is %s by whatever people call it', (encoding, labels) => {
    for (const label of labels) expect([label, findEncodingName(label)]).toEqual([label, encoding]);
  });
  it('is none for what nobody calls an encoding', () => {
    for (const label of ['', 'klingon', 'utf-7', 'constructor', 'x'.repeat(1e6)])
      expect(findEncodingName(label)).toBeUndefined();
  });
});

it('a decoder reads Windows-1252 as Windows has it, whole or in pieces', () => {
  const bytes = Buffer.from([0x31, 0x30, 0x20, 0x80, 0x92, 0xe9]);
  const decoder = createDecoder('windows-1252');
  expect(decoder.decode(bytes)).toBe('10 \u20ac\u2019\u00e9');
  expect(decoder.decode(bytes.subarray(0, 4), { stream: true }) + decoder.decode()).toBe('10 \u20ac');
  expect(() => createDecoder('utf-8').decode(Buffer.from([0xff]))).toThrow(TypeError);
});
