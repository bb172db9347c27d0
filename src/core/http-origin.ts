/** `http://127.0.0.1:8080`, `http://[::1]:8080`: an IPv6 address stands in brackets in a URL. */
export function httpOrigin(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
