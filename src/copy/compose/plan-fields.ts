/**
 * From a request to the fields that must be written: the two of the contract, and those of every channel
 * asked for.
 */
import { AppError } from '../../core/errors.ts';
import { ceilingOf, countText, type ChannelField, type Channels, type FieldRole } from '../channels/index.ts';
import type { FieldRules } from '../brand/index.ts';
import type { FieldRequest } from '../writers/index.ts';
import type { RulesFor } from './rule-book.ts';

/** One field to fill, as the copywriter sees it. */
export interface FieldPlan {
  request: FieldRequest;
  /** Channel and field name; undefined for the two fields of the contract. */
  place: { channel: string; field: string } | undefined;
  /** Put after each text, counted with it: the hashtags of a post. */
  suffix: string;
  /** How many texts are returned; a list field keeps at least `min`. */
  keep: number;
  min: number;
  isList: boolean;
  /** Of the brand that the text is written for. */
  rules: FieldRules | undefined;
}

/** Fields of every channel by role that hold one text, tightest first. */
function tightestField(channels: Channels, role: FieldRole): ChannelField {
  const fields = Object.values(channels)
    .flatMap((channel) => Object.values(channel.fields))
    .filter((field) => field.role === role && field.items === undefined)
    .toSorted((a, b) => ceilingOf(a) - ceilingOf(b));
  const [tightest] = fields;
  if (tightest === undefined)
    throw new AppError('invalid-config', `no channel has a field of role ${role} that holds one text`);
  return tightest;
}

/** @throws AppError `invalid-input` naming the channels there are. */
export function requireChannels(names: readonly string[], channels: Channels): string[] {
  for (const name of names) {
    if (!Object.hasOwn(channels, name)) {
      throw new AppError(
        'invalid-input',
        `channels names "${name}"; known channels are ${Object.keys(channels).join(', ')}`,
        {
          details: { field: 'channels', allowed: Object.keys(channels) },
        },
      );
    }
  }
  return [...new Set(names)];
}

export interface FieldPlanner {
  /**
   * The fields of a request: the two of the contract, then those of its channels.
   * @throws AppError `invalid-input` where a brand's disclaimers leave no room
   */
  plan(channelNames: readonly string[], options: PlanOptions): FieldPlan[];
  /** @param name `ad_copy`, `x.text` @throws AppError `invalid-input` for an unknown one */
  fieldNamed(name: string): ChannelField;
}

interface PlanOptions {
  /** Texts per field. */
  count: number;
  hashtags: readonly string[];
  rulesFor: RulesFor | undefined;
}

export function createFieldPlanner(channels: Channels): FieldPlanner {
  const captionField = tightestField(channels, 'post');
  const adField = tightestField(channels, 'ad');
  return {
    plan(names, { count, hashtags, rulesFor }) {
      const captionTags = hashtags.slice(0, captionField.hashtags?.advised ?? 0);
      const common = { count, rulesFor };
      const plans = [
        planField(captionField, 'social_media_caption', { ...common, tags: captionTags, inlineTags: false }),
        planField(adField, 'ad_copy', { ...common, tags: [], inlineTags: false }),
      ];
      for (const channel of names) {
        for (const [field, spec] of Object.entries(channels[channel]?.fields ?? {})) {
          const { advised = 0, hard = Number.POSITIVE_INFINITY } = spec.hashtags ?? {};
          const tags = hashtags.slice(0, Math.min(advised, hard));
          const place = { channel, field };
          plans.push(planField(spec, `${channel}.${field}`, { ...common, tags, inlineTags: true, place }));
        }
      }
      return plans;
    },
    fieldNamed(name) {
      if (name === 'ad_copy') return adField;
      if (name === 'social_media_caption') return captionField;
      const [channel = '', field = ''] = name.split('.');
      const fields = Object.hasOwn(channels, channel) ? (channels[channel]?.fields ?? {}) : {};
      const spec = Object.hasOwn(fields, field) ? fields[field] : undefined;
      if (spec !== undefined) return spec;
      throw new AppError(
        'invalid-input',
        `there is no field ${JSON.stringify(name.slice(0, 100))}: an answer's alternatives name theirs`,
        { details: { field: 'field' } },
      );
    },
  };
}

function planField(
  field: ChannelField,
  name: string,
  options: {
    count: number;
    tags: readonly string[];
    inlineTags: boolean;
    place?: FieldPlan['place'];
    rulesFor: RulesFor | undefined;
  },
): FieldPlan {
  const { count, tags, inlineTags, place } = options;
  const rules = options.rulesFor?.({ name, role: field.role, channel: place?.channel });
  const ceiling = ceilingOf(field);
  const tagged = tags.length === 0 ? '' : ` ${tags.join(' ')}`;
  const after = (rules?.suffix ?? '') + tagged;
  const fits = remembered((text) => countText(text + after, field.count) <= ceiling);
  if (rules !== undefined && rules.suffix !== '' && !fits('')) {
    throw new AppError(
      'invalid-input',
      `the brand's disclaimers alone are over the limit of ${name}: name the fields that they are for`,
      { details: { field: 'brand' } },
    );
  }
  const { items } = field;
  // Bullets are the record's facts: there is nothing to choose between.
  const keep = items === undefined ? 1 : count === 1 && field.role !== 'bullet' ? items.min : items.write;
  const maxChars = field.count === 'sms-parts' ? ceiling * 153 : ceiling;
  return {
    request: {
      name,
      role: field.role,
      count: keep + count - 1,
      aim: Math.max(1, Math.min(field.aim, maxChars - after.length - (rules?.room ?? 0))),
      maxChars: maxChars - after.length,
      fits,
      plain: field.plain || rules?.plain === true,
      gsm7: field.count === 'sms-parts',
    },
    place,
    suffix: (rules?.suffix ?? '') + (inlineTags ? tagged : ''),
    rules,
    keep,
    min: items?.min ?? 1,
    isList: items !== undefined,
  };
}

/**
 * A text is asked about when it is written, when it is taken and when it is checked: the last answer still
 * holds.
 */
function remembered(decide: (text: string) => boolean): (text: string) => boolean {
  let last: string | undefined;
  let answer = false;
  return (text) => {
    if (text !== last) {
      answer = decide(text);
      last = text;
    }
    return answer;
  };
}
