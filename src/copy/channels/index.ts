/** Channels: what each platform takes, counted as the platform counts. */
export {
  ceilingOf,
  FIELD_ROLES,
  LIMIT_KINDS,
  loadChannels,
  parseChannels,
  type Channel,
  type ChannelField,
  type Channels,
  type FieldRole,
  type LimitKind,
} from './channels.ts';
export { COUNT_METHODS, countText, type CountMethod } from './count.ts';
export { shorten, wholeSentences, type ShortenOptions } from './shorten.ts';
export { isGsm7, smsParts, toGsm7 } from './sms.ts';
