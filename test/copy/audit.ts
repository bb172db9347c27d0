/** Looks at finished copy with the eyes of the platforms, apart from what the code under test decided: every text of a Copy, one by one. */
import twitterText from 'twitter-text';
import type { Channels, Copy } from '../../src/copy/index.ts';
import { ceilingOf, countText } from '../../src/copy/channels/index.ts';

/** What is wrong with a finished copy, in words; empty when nothing is. */
export function auditCopy(copy: Copy, channels: Channels, input: string): string[] {
  const faults: string[] = [];
  const numbers = new Set(digitRuns(input));
  const look = (where: string, text: string, fits: boolean): void => {
    if (!/[\p{L}\p{N}]/u.test(text)) faults.push(`${where} is empty: ${JSON.stringify(text)}`);
    if (!fits) faults.push(`${where} is over its hard limit: ${JSON.stringify(text)}`);
    if (/\p{Cs}|\ufffd/u.test(text)) faults.push(`${where} holds half a character: ${JSON.stringify(text)}`);
    for (const run of digitRuns(text))
      if (!numbers.has(run))
        faults.push(`${where} says ${run}, which the input does not: ${JSON.stringify(text)}`);
  };
  const withTags = [copy.social_media_caption, ...copy.hashtags.slice(0, 2)].join(' ');
  look(
    'social_media_caption',
    copy.social_media_caption,
    twitterText.parseTweet(withTags).weightedLength <= 280,
  );
  look('ad_copy', copy.ad_copy, copy.ad_copy.length <= 2200);
  for (const tag of copy.hashtags)
    if (!twitterText.isValidHashtag(tag)) faults.push(`${tag} is no hashtag on X`);
  if (new Set(copy.hashtags.map((tag) => tag.toLowerCase())).size !== copy.hashtags.length)
    faults.push('hashtags repeat');
  for (const [channel, fields] of Object.entries(copy.channels)) {
    for (const [name, value] of Object.entries(fields)) {
      const spec = channels[channel]?.fields[name];
      if (spec === undefined) throw new Error(`${channel}.${name} is not in the catalogue`);
      const texts = typeof value === 'string' ? [value] : value;
      for (const text of texts)
        look(`${channel}.${name}`, text, countText(text, spec.count) <= ceilingOf(spec));
      if (spec.items !== undefined) {
        const { min, max } = spec.items;
        if (texts.length < min || texts.length > max)
          faults.push(`${channel}.${name} has ${texts.length} texts`);
        if (new Set(texts.map((text) => text.toLowerCase())).size !== texts.length)
          faults.push(`${channel}.${name} repeats a text`);
      }
    }
  }
  return faults;
}

function digitRuns(text: string): string[] {
  return (
    text
      .normalize('NFC')
      .replaceAll(/(?<=\p{Nd}),(?=\p{Nd}{3}(?!\p{Nd}))/gu, '')
      .match(/\p{Nd}+/gu) ?? []
  );
}
