import { describe, expect, it } from 'vitest';
import { escapeHtml, percent, renderPage, renderTable } from '../../src/core/html-page.ts';

describe('an HTML report', () => {
  it('escapes what could end a text or an attribute in either kind of quotes', () => {
    expect(escapeHtml(`<b title="a" lang='b'>&`)).toBe('&lt;b title=&quot;a&quot; lang=&#39;b&#39;&gt;&amp;');
  });

  it('lets neither title nor cells bring markup', () => {
    const page = renderPage({ title: '</title><script>', body: renderTable(['<i>'], [['<u>', "it's"]]) });
    expect(page).toContain('<title>&lt;/title&gt;&lt;script&gt;</title>');
    expect(page).toContain('<tr><th>&lt;i&gt;</th></tr>\n<tr><td>&lt;u&gt;</td><td>it&#39;s</td></tr>');
  });

  it('tints the rows that are worse, and no other', () => {
    expect(renderTable(['a'], [['1'], ['2']], (row) => row === 1)).toBe(
      '<table>\n<tr><th>a</th></tr>\n<tr><td>1</td></tr>\n<tr class="worse"><td>2</td></tr>\n</table>',
    );
  });

  it('says nothing of a share that is not known', () => {
    expect([percent(0.8712), percent(null), percent(undefined)]).toEqual(['87.12 %', '', '']);
  });
});
