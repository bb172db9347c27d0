import { describe, expect, it } from 'vitest';
import { cleanProse } from '../../src/copy/brief/index.ts';

describe('a description with markup or lines', () => {
  it.each([
    ['<ul><li>Grips well</li><li>Rolls up small</li></ul>', 'Grips well. Rolls up small'],
    [
      '<p>The caf&eacute; chair&rsquo;s seat wipes clean.</p><p>It stands</p>',
      'The café chair’s seat wipes clean. It stands',
    ],
    ['Grips well\n- rolls up small', 'Grips well. - rolls up small'],
    [
      'A long line that some text editor has broken at its margin\nand that goes on.',
      'A long line that some text editor has broken at its margin and that goes on.',
    ],
    ['One<!-- never quoted --><noscript>nor this</noscript>', 'One'],
  ])('%j becomes the sentences %j', (text, sentences) => {
    expect(cleanProse(text, 4000)).toBe(sentences);
  });
});
