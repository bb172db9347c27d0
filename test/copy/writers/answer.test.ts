import { describe, expect, it } from 'vitest';
import { parseAnswer } from '../../../src/copy/writers/answer.ts';
import type { FieldRequest } from '../../../src/copy/writers/index.ts';
import { isSteep } from '../../growth.ts';

const fields = ['social_media_caption', 'ad_copy'].map((name): FieldRequest => ({
  name,
  role: 'ad',
  count: 3,
  aim: 100,
  maxChars: 200,
  fits: () => true,
  plain: false,
  gsm7: false,
}));
const asked = { social_media_caption: ['Soft glow.', 'Kindly lit.'], ad_copy: ['Meet the lamp.'] };
const json = JSON.stringify(asked);
const texts = [asked.social_media_caption, asked.ad_copy];

describe('the answer of a language model', () => {
  it.each([
    ['alone', json],
    ['in a fence, with remarks', `Sure!\n\`\`\`json\n${json}\n\`\`\`\nDo you like {them}?`],
    ['after a thought', `<think>Try {"social_media_caption": ["no"]} first.</think>\n${json}`],
    ['after a thought whose opening the server swallowed', `Maybe {"ad_copy": "no"}?\n</think>\n\n${json}`],
    ['after thoughts inside a thought', `<think>a <think>b</think> {"ad_copy": "no"}</think>${json}`],
    ['before a thought that was cut off', `${json}<think>Was {"ad_copy": ["no"]} better`],
    ['after other objects', `{"plan": {"steps": [1, 2]}, "mood": null} {} ${json}`],
    ['after an object that breaks off', `{"social_media_caption": ["no", oops]} ${json}`],
    ['after an open brace and a quote', `A set {1, 2 and a 5" lamp: ${json}`],
    ['inside an object that breaks off', `{"answer": ${json}, "note": "I ran out`],
    ['inside other objects and lists', `[{"result": {"fields": ${json}}}]`],
    ['beside fields that nobody asked for', JSON.stringify({ title: 7, ...asked, notes: null, tags: [{}] })],
    ['before a second proposal', `${json}\n{"ad_copy": ["no"]}`],
  ])('is found %s', (_, answer) => {
    expect(parseAnswer(answer, fields)).toEqual(texts);
  });

  it.each([
    ['a field that is null', { ...asked, ad_copy: null }, [texts[0], []]],
    ['a field that is missing', { social_media_caption: texts[0] }, [texts[0], []]],
    ['one text in place of a list', { ...asked, ad_copy: 'Meet the lamp.' }, texts],
    ['entries that are no texts', { ...asked, ad_copy: [null, 3, { text: 'Meet the lamp.' }, []] }, texts],
  ])('keeps the other texts beside %s', (_, document, expected) => {
    expect(parseAnswer(JSON.stringify(document), fields)).toEqual(expected);
  });

  it('is refused with what was missing in it', () => {
    expect(() => parseAnswer('I would rather not.', fields)).toThrow(/is no JSON object; it begins "I would/);
    expect(() => parseAnswer('{"caption": ["a"]}', fields)).toThrow(/does not map field names to texts/);
    expect(() => parseAnswer(`<think>${json}`, fields)).toThrow(/is no JSON object/);
  });

  it.each<[string, (n: number) => string]>([
    ['open braces', (n) => '{'.repeat(n)],
    ['objects that never end', (n) => '{"a":'.repeat(n)],
    ['objects in lists that never end', (n) => '[{"a":['.repeat(n)],
    ['quotes that open and close the other way round', (n) => '{" : '.repeat(n)],
    ['whole objects inside each other', (n) => `${'{"a":'.repeat(n)}1${'}'.repeat(n)}`],
    ['a string that never ends', (n) => `{"${'{'.repeat(n)}`],
    ['escapes', (n) => `{"${'\\"{'.repeat(n)}`],
    ['thoughts', (n) => '<think>{'.repeat(n)],
    ['quotes at the end of a text', (n) => JSON.stringify({ ad_copy: `a${'"'.repeat(n)}b` })],
    ['white space inside a text', (n) => JSON.stringify({ ad_copy: `a${'\n'.repeat(n)}b` })],
  ])('is read in time that grows with its length: %s', async (_, make) => {
    expect(await isSteep((n) => parseAnswer(make(n), fields), 200_000, 'processor')).toBe(false);
  });
});
