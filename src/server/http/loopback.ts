const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|\[::1\]|localhost)$/i;

/** Whether only this machine reaches the host of that name. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}
