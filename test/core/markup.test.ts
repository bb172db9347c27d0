import { describe, expect, it } from 'vitest';
import { toPlainText } from '../../src/core/markup.ts';

describe('the text of a description', () => {
  it.each([
    ['Caf&eacute; Chair &ndash; Walnut&hellip;', 'Café Chair – Walnut…'],
    ['<ul><li>Grips well</li><li>Rolls up small</li></ul>', 'Grips well\nRolls up small'],
    ['One<br>two<br/>three', 'One\ntwo\nthree'],
    ['<p>A</p><p>B <b>bold</b>ly</p>', 'A\nB boldly'],
    ['<table><tr><td>Size:</td><td>7 cm</td></tr><tr><td>Red</td></tr></table>', 'Size: 7 cm\nRed'],
    ['<pre>a\n  b</pre>', 'a\nb'],
    [
      'One<script>track("<p>")</script><style>p{}</style><noscript><p>no</p></noscript> two<!-- hidden -->',
      'One two',
    ],
    ['seen<div style="color:red; display : none">un<div>seen</div></div><p hidden>gone</p>', 'seen'],
    ['a<!-- never closed', 'a'],
    ['<o:p></o:p>Word<my-tag> tag</my-tag>', 'Word tag'],
  ])('%j is what a browser shows of it', (html, text) => {
    expect(toPlainText(html)).toBe(text);
  });

  it.each(['Lamp <Long> & <shade>x</shade>', 'a < b, c <3 d, AT&T', 'two\n\nparagraphs, "quoted"', '5 > 3'])(
    '%j stays as it is: nothing of it is HTML',
    (text) => {
      expect(toPlainText(text)).toBe(text);
    },
  );

  it('is kept as it stands where it nests deeper than any browser shows', () => {
    const deep = `${'<div>'.repeat(5000)}x`;
    expect(toPlainText(deep)).toBe(deep);
  });
});
