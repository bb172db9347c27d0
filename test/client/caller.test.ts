import { expect, it } from 'vitest';
import { createClient } from '../../src/client/index.ts';

it.each([
  ['127.0.0.1:4213', 'as in http://127.0.0.1:4213'],
  ['localhost:4213', 'as in http://localhost:4213'],
  ['notaurl', 'as in http://notaurl'],
  ['', 'as in http://127.0.0.1:8080'],
  ['ftp://shop.example', 'as in http://127.0.0.1:8080'],
  ['http://', 'as in http://127.0.0.1:8080'],
])('the address %j is refused by its name, with one that could be meant', (url, example) => {
  let thrown: unknown;
  try {
    createClient({ url });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: 'invalid-input', status: null });
  expect(String(thrown)).toContain(`"${url}" is no address of a server`);
  expect(String(thrown)).toContain(example);
});

it.each(['http://127.0.0.1:8080', 'https://shop.example/copyloop/', 'HTTP://[::1]:80'])(
  'the address %s is taken',
  (url) => {
    expect(() => createClient({ url })).not.toThrow();
  },
);
