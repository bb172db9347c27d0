import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../src/core/paths.ts';
import { defineWording, parseWording, wordList } from '../../src/core/wording.ts';

const schema = z.strictObject({ nouns: wordList });

describe('word lists', () => {
  it.each([
    ['a list with nothing in it', 'nouns: []', /nouns/],
    ['a list that is missing', '{}', /nouns/],
    ['a key that nobody reads', 'nouns: [lamp]\nverbs: [shine]', /verbs/],
    ['a word that YAML takes for a number', 'nouns: [lamp, 7]', /nouns\[1\]/],
  ])('are refused with the name of the file and the key: %s', (_, text, key) => {
    const parse = () => parseWording('run-names', text, schema);
    expect(parse).toThrow(/assets\/wording\/run-names\.yaml is not valid/);
    expect(parse).toThrow(key);
  });

  it('are read once, when they are first asked for', () => {
    const words = defineWording('run-names', z.object({ nouns: wordList }));
    expect(words()).toBe(words());
    expect(() => defineWording('none', schema)).not.toThrow();
  });

  it('come with the package, and each file has a reader', () => {
    const { files } = z
      .object({ files: z.array(z.string()) })
      .parse(JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')));
    expect(files).toContain('assets');
    const sources = readdirSync(path.join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(path.join(packageRoot, 'src', file), 'utf8'));
    const wanted = sources.flatMap((text) =>
      [...text.matchAll(/defineWording\(\s*'([^']+)'/g)].map(([, name]) => name),
    );
    const byFolder = new Set(
      sources.flatMap((text) =>
        [...text.matchAll(/defineWordings\(\s*\w+,\s*'([^']+)'/g)].map(([, name]) => name),
      ),
    );
    expect(byFolder.size).toBeGreaterThan(0);
    const there = readdirSync(path.join(packageRoot, 'assets', 'wording'), {
      recursive: true,
      encoding: 'utf8',
    })
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => file.replace(/\.yaml$/, ''));
    // Files of a language share their reader.
    const own = there.filter((file) => !byFolder.has(path.basename(file)));
    expect(new Set(own)).toEqual(new Set(wanted));
  });
});
