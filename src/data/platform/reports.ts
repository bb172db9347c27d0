/** What the tools that show texts report of them. */
import type { Platform } from './platform.ts';

const TOTAL = { pattern: /^(?:grand |report |overall )?totals?\b/iu, reason: 'is a row of totals' };
const NO_TEXT = { pattern: /^https?:\/\/\S{1,2000}$/iu, reason: 'is an image or a video, no text' };

export const REPORTS: readonly Platform[] = [
  {
    name: 'Google Ads asset report CSV',
    kind: 'feedback',
    has: ['asset', 'asset type', 'impr.'],
    fields: { title: ['asset'], category: ['asset type'] },
    metrics: { impressions: ['impr.'], clicks: ['clicks'], conversions: ['conversions'], cost: ['cost'] },
    ignore: [
      { column: 'asset status', ...TOTAL },
      { column: 'asset', ...NO_TEXT },
    ],
    needs: ['title'],
  },
  {
    name: 'Google Ads ad report CSV',
    kind: 'feedback',
    has: ['headline 1', 'impr.'],
    fields: {
      id: ['ad id'],
      title: ['headline 1'],
      description: ['description 1', 'description'],
      category: ['ad type'],
    },
    metrics: { impressions: ['impr.'], clicks: ['clicks'], conversions: ['conversions'], cost: ['cost'] },
    ignore: [
      { column: 'ad state', ...TOTAL },
      { column: 'ad status', ...TOTAL },
      { column: 'headline 1', ...TOTAL },
    ],
    needs: ['title'],
  },
  {
    name: 'Meta ads report CSV',
    kind: 'feedback',
    has: ['impressions'],
    hasOne: [
      ['ad name', 'headline', 'title (ad settings)'],
      ['amount spent*', 'link clicks', 'reach', 'clicks (all)'],
    ],
    fields: {
      id: ['ad id', 'ad name'],
      title: ['headline', 'title (ad settings)', 'body (ad settings)', 'body', 'text', 'ad name'],
      description: ['body (ad settings)', 'body', 'primary text', 'text'],
    },
    metrics: {
      impressions: ['impressions'],
      clicks: ['link clicks', 'clicks (all)', 'unique link clicks'],
      conversions: ['results', 'purchases'],
      cost: ['amount spent*'],
    },
    ignore: [
      { column: 'ad name', ...TOTAL },
      { column: 'campaign name', ...TOTAL },
    ],
    needs: ['title'],
  },
  {
    name: 'Generic UTM report CSV (utm_content ids)',
    kind: 'feedback',
    has: ['utm content'],
    hasOne: [['impressions', 'sessions', 'clicks', 'users']],
    fields: { id: ['utm content'], title: ['utm content'] },
    metrics: {
      impressions: ['impressions'],
      clicks: ['clicks'],
      conversions: ['conversions', 'key events', 'transactions'],
      cost: ['cost', 'spend'],
    },
    ignore: [
      { column: 'utm source', ...TOTAL },
      { column: 'utm content', ...TOTAL },
    ],
    needs: ['title'],
  },
  {
    name: 'Google Analytics 4 report CSV',
    kind: 'feedback',
    has: ['sessions'],
    hasOne: [
      [
        'session manual ad content',
        'manual ad content',
        'session campaign',
        'landing page',
        'page title',
        'ad content',
        'first user manual ad content',
      ],
      ['key events', 'conversions', 'engaged sessions', 'event count', 'total revenue', 'views'],
    ],
    fields: {
      id: [
        'session manual ad content',
        'manual ad content',
        'first user manual ad content',
        'ad content',
        'session campaign',
        'landing page',
        'page title',
      ],
      title: [
        'session manual ad content',
        'manual ad content',
        'first user manual ad content',
        'ad content',
        'session campaign',
        'landing page',
        'page title',
      ],
    },
    metrics: {
      impressions: ['ad impressions', 'impressions', 'google ads impressions', 'views'],
      clicks: ['ad clicks', 'clicks', 'google ads clicks', 'sessions'],
      conversions: ['key events', 'conversions', 'transactions'],
    },
    ignore: [
      { column: 'session manual ad content', ...TOTAL },
      { column: 'session campaign', ...TOTAL },
    ],
    needs: ['title'],
  },
  {
    name: 'Mail campaign report CSV',
    kind: 'feedback',
    has: ['subject'],
    hasOne: [
      ['unique opens', 'total opens', 'open rate', 'opens'],
      ['unique clicks', 'total clicks', 'clicks', 'click rate'],
    ],
    fields: {
      id: ['unique id', 'campaign id', 'title', 'campaign name', 'name'],
      title: ['subject', 'subject line'],
      timestamp: ['send date', 'send time', 'sent at'],
    },
    metrics: {
      impressions: ['successful deliveries', 'delivered', 'total recipients', 'recipients', 'sent'],
      clicks: ['unique clicks', 'total clicks', 'clicks'],
      conversions: ['total orders', 'orders', 'unique placed order', 'placed order'],
    },
    ignore: [
      { column: 'subject', ...TOTAL },
      { column: 'title', ...TOTAL },
    ],
    needs: ['title'],
  },
  {
    name: 'Social media posts report CSV',
    kind: 'feedback',
    has: ['impressions'],
    hasOne: [['post text', 'tweet text', 'post title', 'post message', 'message', 'caption', 'post', 'text']],
    fields: {
      id: ['post id', 'tweet id', 'id', 'permalink', 'post link'],
      title: ['post text', 'tweet text', 'post message', 'message', 'caption', 'post title', 'post', 'text'],
      category: ['post type', 'network', 'platform', 'channel', 'profile'],
      timestamp: ['date', 'time', 'created date', 'publish time', 'sent at'],
    },
    metrics: {
      impressions: ['impressions'],
      clicks: ['clicks', 'url clicks', 'link clicks', 'post link clicks'],
      conversions: ['conversions'],
    },
    ignore: [
      { column: 'date', ...TOTAL },
      { column: 'post id', ...TOTAL },
    ],
    needs: ['title'],
  },
];
