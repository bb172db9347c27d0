/** The channels of config/channels.yaml under the names that people know them by. */
export const CHANNELS: readonly [name: string, title: string][] = [
  ['x', 'X'],
  ['instagram', 'Instagram'],
  ['facebook', 'Facebook'],
  ['linkedin', 'LinkedIn'],
  ['google_rsa', 'Google Ads'],
  ['meta_ads', 'Meta Ads'],
  ['email', 'E-mail'],
  ['sms', 'SMS'],
  ['seo', 'Search results'],
  ['google_merchant', 'Google Merchant'],
  ['amazon', 'Amazon'],
  ['pinterest', 'Pinterest'],
  ['tiktok', 'TikTok'],
  ['threads', 'Threads'],
  ['youtube', 'YouTube'],
  ['microsoft_ads', 'Microsoft Ads'],
];
