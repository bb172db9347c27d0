import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { hasDesktop } from '../../src/core/config/index.ts';
import { offerBrowser } from '../../src/cli/offer-browser.ts';

function offer({ isTTY = true, isInteractive = true, isDesktop = true } = {}) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const notes: string[] = [];
  const opened: string[] = [];
  const stop = new AbortController();
  const terminal = {
    print: () => {},
    note: (text: string) => void notes.push(text),
    isInteractive,
    columns: 80,
  };
  offerBrowser('http://127.0.0.1:8080/', terminal, stop.signal, {
    input,
    isDesktop,
    open: (url) => void opened.push(url),
  });
  return { input, notes, opened, stop };
}

describe('the offer to open the console', () => {
  it('opens it at Enter, once', async () => {
    const { input, notes, opened } = offer();
    expect(notes).toHaveLength(1);
    input.write('\n');
    await expect.poll(() => opened).toEqual(['http://127.0.0.1:8080/']);
    input.write('\n');
    expect(input.listenerCount('data')).toBe(0);
    expect(opened).toHaveLength(1);
  });

  it.each([{ isTTY: false }, { isInteractive: false }, { isDesktop: false }])(
    'is not made where nobody could take it: %o',
    (where) => {
      const { input, notes } = offer(where);
      expect([notes, input.listenerCount('data')]).toEqual([[], 0]);
    },
  );

  it('ends with the command', () => {
    const { input, stop } = offer();
    stop.abort();
    expect([input.listenerCount('data'), input.isPaused()]).toEqual([0, true]);
  });
});

describe('hasDesktop', () => {
  it.each([
    ['a Mac', 'darwin', {}, true],
    ['Linux with a display', 'linux', { DISPLAY: ':0' }, true],
    ['Linux with Wayland', 'linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
    ['a bare Linux', 'linux', {}, false],
    ['a Mac over SSH', 'darwin', { SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }, false],
    ['CI', 'linux', { DISPLAY: ':0', CI: 'true' }, false],
  ] as const)('tells of %s', (_, platform, env, expected) => {
    expect(hasDesktop(platform, env)).toBe(expected);
  });
});
