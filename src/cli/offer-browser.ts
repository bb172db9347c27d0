/** On the terminal of a desktop, Enter opens the console in the browser. */
import { spawn } from 'node:child_process';
import { hasDesktop } from '../core/config/index.ts';
import type { Terminal } from './command.ts';

/** What opens an address with the user's own program. */
function openerOf(platform: NodeJS.Platform): readonly [command: string, ...args: string[]] {
  if (platform === 'darwin') return ['open'];
  // `start` takes the first quoted word for a title.
  return platform === 'win32' ? ['cmd', '/c', 'start', '""'] : ['xdg-open'];
}

interface Keyboard {
  isTTY?: boolean;
  once(event: 'data', listener: () => void): unknown;
  off(event: 'data', listener: () => void): unknown;
  pause(): unknown;
  unref?(): unknown;
}

interface Parts {
  input?: Keyboard;
  isDesktop?: boolean;
  open?: (url: string) => void;
}

/** Says so once; says and does nothing where nobody could press a key or see a page. */
export function offerBrowser(
  url: string,
  terminal: Terminal,
  signal: AbortSignal,
  { input = process.stdin, isDesktop = hasDesktop(process.platform), open = openUrl }: Parts = {},
): void {
  if (!terminal.isInteractive || input.isTTY !== true || !isDesktop || signal.aborted) return;
  terminal.note('  Enter opens the console in your browser');
  const onEnter = (): void => {
    input.pause();
    open(url);
  };
  input.once('data', onEnter);
  // Waiting for a key must not keep a process alive that has been stopped.
  input.unref?.();
  signal.addEventListener('abort', () => {
    input.off('data', onEnter);
    input.pause();
  });
}

function openUrl(url: string): void {
  const [command, ...args] = openerOf(process.platform);
  const opener = spawn(command, [...args, url], { detached: true, stdio: 'ignore' });
  // Where there is no such program the address stands on the terminal.
  opener.once('error', () => {});
  opener.unref();
}
