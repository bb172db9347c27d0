/** What a language model is told. What it proposes is checked like everyone's; nothing here is trusted. */
import { assertNever } from '../../core/errors.ts';
import type { Brief } from '../brief/index.ts';
import { rulesOf } from '../brand/index.ts';
import type { FieldRole } from '../channels/index.ts';
import { LANGUAGE_NAMES } from '../languages/index.ts';
import { fillPrompt, type Prompt } from './prompt-file.ts';
import type { FieldRequest, WriteOptions } from './writer.ts';

const MAX_DESCRIPTION_CHARS = 2000;
/** No field takes so much; what comes after it is cut before any other work. */
const MAX_PROPOSAL_CHARS = 20_000;
const MAX_SHOWN = 8;

function nameLanguage(code: string | undefined): string {
  const names: Readonly<Record<string, string>> = LANGUAGE_NAMES;
  return names[code ?? 'en'] ?? LANGUAGE_NAMES.en;
}

export function renderSystem(prompt: Prompt, { brand, refused, said, language }: WriteOptions): string {
  const parts = [
    ...prompt.system,
    ...(brand === undefined ? [] : prompt.brand),
    ...(said === undefined ? [] : prompt.more),
    ...(refused === undefined ? [] : prompt.repair),
  ];
  return fillPrompt(parts, { language: nameLanguage(language) });
}

/**
 * The request as JSON: the product, the wishes, and for each field what kind of text, how many and how long.
 * A list that the prompt's words do not explain is not shown.
 */
export function renderPrompt(
  prompt: Prompt,
  brief: Brief,
  fields: readonly FieldRequest[],
  { brand, examples, refused, said }: Omit<WriteOptions, 'seed'> = {},
): string {
  const ofField = (field: FieldRequest) => ({
    kind: describeRole(field.role),
    texts: field.count,
    aimForCharacters: field.aim,
    neverMoreThanCharacters: field.maxChars,
    emojiAndExclamationMarks: field.plain || field.gsm7 ? 'none' : 'sparingly',
    examples: nonEmpty(examples?.[field.name]?.map(({ text }) => text)),
    refused: prompt.repair.length > 0 ? shown(refused?.[field.name]) : undefined,
    writtenAlready: prompt.more.length > 0 ? shown(said?.[field.name]) : undefined,
    ...(brand !== undefined && renderVoice(brand.profile, channelOf(field.name))),
  });
  return JSON.stringify({
    product: { title: brief.title, description: brief.description.slice(0, MAX_DESCRIPTION_CHARS) },
    tone: brief.tone ?? 'vary the tone between texts',
    audience: brief.audience === '' ? undefined : brief.audience,
    keywords: nonEmpty(brief.keywords),
    neverUse: nonEmpty(brief.bannedWords),
    brand: brand === undefined ? undefined : renderVoice(brand.profile, undefined),
    fields: Object.fromEntries(fields.map((field) => [field.name, ofField(field)])),
  });
}

function shown<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return nonEmpty(list?.slice(0, MAX_SHOWN));
}

type Profile = NonNullable<WriteOptions['brand']>['profile'];

/** The brand in words; of a channel only where it deviates. */
function renderVoice(profile: Profile, channel: string | undefined): object {
  if (channel !== undefined && profile.channels[channel] === undefined) return {};
  const rules = rulesOf(profile, channel);
  const voice = (channel === undefined ? undefined : profile.channels[channel]?.voice) ?? profile.voice;
  const told = {
    name: profile.title,
    voice: voice === '' ? undefined : voice,
    do: nonEmpty(profile.do),
    dont: nonEmpty(profile.dont),
    sayInsteadOf: nonEmpty(rules.vocabulary),
    speaksAs: rules.person?.brand === 'any' ? undefined : rules.person?.brand,
    addresses: rules.person?.reader === 'any' ? undefined : rules.person?.reader,
    mostWordsInASentence: rules.readingLevel?.maxSentenceWords,
    mostEmoji: rules.maxEmoji,
    mostExclamationMarks: rules.punctuation?.maxExclamationMarks,
    headlineCapitals: rules.capitals?.headlines === 'any' ? undefined : rules.capitals?.headlines,
    neverUse: nonEmpty([...(rules.bannedPhrases ?? []), ...(rules.punctuation?.banned ?? [])]),
    mustSay: nonEmpty(rules.requiredPhrases),
  };
  return channel === undefined ? told : { brand: told };
}

function channelOf(field: string): string | undefined {
  const [channel, name] = field.split('.');
  return name === undefined ? undefined : channel;
}

function nonEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

/** The shape of the answer, for endpoints that hold a model to one. */
export function answerSchema(fields: readonly FieldRequest[]): object {
  const names = fields.map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'array', items: { type: 'string' } }])),
    required: names,
    additionalProperties: false,
  };
}

/** For a model that writes one text at a time and follows no long instruction. */
export function renderTextPrompt(
  prompt: Prompt,
  brief: Brief,
  field: FieldRequest,
  { brand, language, examples }: Omit<WriteOptions, 'seed'>,
  maxDescriptionChars: number,
): string {
  const wishes = [
    brief.tone === undefined ? '' : ` in a ${brief.tone} tone`,
    brief.audience === '' ? '' : ` for ${brief.audience}`,
    brand === undefined || brand.profile.voice === '' ? '' : ` (voice: ${brand.profile.voice})`,
    ` with at most ${Math.min(field.aim, field.maxChars)} characters`,
  ].join('');
  const slots = { kind: describeRole(field.role), language: nameLanguage(language), wishes };
  const shown = (examples?.[field.name] ?? []).map(({ text }) => `\nExample: ${oneLine(text)}`).join('');
  const description = brief.description.slice(0, maxDescriptionChars);
  return `${fillPrompt(prompt.text, slots)}${shown}\nProduct: ${oneLine(brief.title)}\nDescription: ${oneLine(description)}\nText:`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').trim();
}

function describeRole(role: FieldRole): string {
  switch (role) {
    case 'post':
      return 'a social media post';
    case 'ad':
      return 'the main text of an advertisement';
    case 'headline':
      return 'an advertisement headline';
    case 'description':
      return 'an advertisement description line';
    case 'subject':
      return 'an e-mail subject line';
    case 'message':
      return 'a text message';
    case 'title':
      return 'a product title for a shop listing: name, maker, attributes; no call to action';
    case 'bullet':
      return 'one bullet point about the product; no call to action';
    case 'listing':
      return 'a factual product description for a shop listing; no call to action';
    default:
      return assertNever(role);
  }
}

/** One line, without the quotes, list marks and hashtags that models add. */
export function tidyProposal(text: string): string {
  return text
    .slice(0, MAX_PROPOSAL_CHARS)
    .normalize('NFC')
    .replace(/^\s*(?:[-*\u2022]|\d+[.)])\s+/u, '')
    .replaceAll(/(?:^|\s)#[\p{L}\p{N}_]+/gu, ' ')
    .replaceAll(/[^\S\n]+/gu, ' ')
    .replace(/^["\u201c\s]+/u, '')
    .replace(/(?<!["\u201d\s])["\u201d\s]+$/u, '');
}
