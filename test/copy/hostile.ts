/** Inputs that break text handling, drawn from a seed: emoji, right-to-left, combining marks, controls, markup, very long words. */
import type { Random } from '../../src/core/random.ts';

const PIECES: readonly ((random: Random) => string)[] = [
  (random) => random.pick(['🎉', '👩‍👩‍👧‍👦', '👍🏽', '🏳️‍🌈', '🇩🇪🇫🇷', '1️⃣', '⌚', '❤️']).repeat(1 + random.below(40)),
  (random) => random.pick(['مرحبا بالعالم ', 'שלום עולם ', 'سماعات لاسلكية ']).repeat(1 + random.below(30)),
  (random) =>
    random
      .pick(['高品質なワイヤレスヘッドホン', '智能手机和平板电脑', '무선 헤드폰'])
      .repeat(1 + random.below(30)),
  (random) =>
    random.pick(['a', 'W', 'ß', '9', '0', 'é', '-', '.', '!', '#', '@']).repeat(1 + random.below(5000)),
  (random) => `e${'\u0301\u0300\u0323'.repeat(1 + random.below(200))}`,
  (random) => String.fromCharCode(random.below(32)) + String.fromCharCode(127 + random.below(33)),
  (random) => String.fromCharCode(0xd800 + random.below(0x800)),
  (random) => random.pick(['\u202e', '\u200b', '\ufeff', '\u2066', '\u0000', '\u00ad', '\ue000', '\ufffe']),
  (random) =>
    random.pick([
      '<script>alert(1)</script>',
      '<b>Bold</b>',
      '&lt;i&gt;',
      '&#128512;',
      '{name}',
      '${name}',
      '%s %d',
      "'; DROP TABLE x; --",
      'https://example.com/a?b=1',
      'example.co.uk',
      '$&$1',
    ]),
  (random) =>
    `${random.pick(['$', '€', '#', ''])}${random.below(100_000)}${random.pick(['', '%', '.5', ',000', 'GB', 'mAh', '-in-1'])}`,
  (random) =>
    random.pick([
      'Lamp',
      'guaranteed',
      'not waterproof',
      'leather',
      'I love it',
      'The the the',
      'NOT',
      '100%',
      'two',
      'İstanbul',
      'ﬁnest',
      'Ｗｉｄｅ',
      '𝐁𝐨𝐥𝐝 𝑖𝑡𝑎𝑙𝑖𝑐',
    ]),
  (random) => random.pick(['\n', '\t', '\r\n', '   ', '\u2028', '']),
];

export function hostileText(random: Random): string {
  const parts = Array.from({ length: random.below(7) }, () => random.pick(PIECES)(random));
  return parts.join(random.pick(['', ' ', ', ', '. ']));
}

export function hostileRecord(random: Random): { title: string; description: string } {
  if (random.chance(0.1))
    return { title: hostileText(random).padEnd(5000, 'long title '), description: hostileText(random) };
  return { title: hostileText(random), description: hostileText(random) };
}
