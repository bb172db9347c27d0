/** Channels: what each platform takes, counted as the platform counts. */
export {
  ceilingOf,
  loadChannels,
  parseChannels,
  type ChannelField,
  type Channels,
  type FieldRole,
  type LimitKind,
} from './channels.ts';
export { countText } from './count.ts';
export { shorten, wholeSentences } from './shorten.ts';
export { isGsm7, smsParts, toGsm7 } from './sms.ts';
