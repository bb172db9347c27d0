import { expect, it } from 'vitest';
import { urlOf } from '../../src/cli/running-server.ts';
import { loadConfig } from '../../src/core/config/index.ts';

it.each([
  ['127.0.0.1', 'http://127.0.0.1:8080'],
  ['shop.example', 'http://shop.example:8080'],
  ['0.0.0.0', 'http://127.0.0.1:8080'],
  ['::', 'http://127.0.0.1:8080'],
  ['::1', 'http://[::1]:8080'],
])('a server that listens on %s is reached at %s', (host, url) => {
  const { server } = loadConfig({ env: {} }).config;
  expect(urlOf({ ...server, host, port: 8080 })).toBe(url);
  expect(URL.canParse(url)).toBe(true);
});
