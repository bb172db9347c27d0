/** Words that praise or criticise whatever they are said of. No word stands in both lists (a test checks it); many are rare. */
export const PRAISING_ADJECTIVES: readonly string[] = words(`
  superb flawless impeccable excellent outstanding splendid marvellous terrific fantastic brilliant magnificent exquisite
  first-rate top-notch stellar sublime delightful gorgeous elegant refined sturdy robust dependable reliable trustworthy solid
  tough resilient hard-wearing long-lasting durable precise accurate crisp smooth silky effortless intuitive comfortable cosy
  soothing pleasant charming lovely beautiful stunning tasteful graceful polished well-made well-crafted masterful meticulous
  thoughtful clever ingenious inventive responsive snappy swift efficient powerful generous rich vivid radiant luminous
  immaculate pristine spotless faultless exemplary admirable commendable praiseworthy remarkable exceptional extraordinary
  astonishing phenomenal wonderful heavenly divine glorious majestic enchanting captivating inviting satisfying gratifying
  rewarding reassuring steadfast unshakable rock-solid bulletproof watertight seamless harmonious balanced lavish
  opulent sumptuous plush velvety supple nimble agile sensational superlative unbeatable peerless matchless
  world-class award-worthy enviable covetable irresistible lovable likeable agreeable handsome dashing stylish chic
  tidy neat spick-and-span true dreamy blissful joyful uplifting refreshing invigorating energising
  cracking ace dazzling spectacular breathtaking striking impressive formidable mighty stalwart unfailing
  consistent stable secure airtight ergonomic considerate forgiving gentle flattering luscious
`);

export const CRITICISING_ADJECTIVES: readonly string[] = words(`
  flimsy shoddy wobbly rickety brittle fragile cheap tacky tawdry dreadful awful terrible horrible atrocious abysmal appalling
  dismal lousy pathetic pitiful woeful lamentable deplorable disappointing underwhelming mediocre subpar second-rate third-rate
  inferior defective faulty broken buggy glitchy erratic unreliable untrustworthy flaky shaky unstable loose sloppy careless
  crude clumsy awkward cumbersome unwieldy uncomfortable itchy scratchy harsh abrasive irritating annoying infuriating
  maddening frustrating tedious sluggish slow laggy feeble weak puny limp lifeless dull drab dreary ugly hideous unsightly
  garish gaudy ghastly grotesque vile nasty foul rancid stale musty smelly putrid greasy grimy sticky slimy leaky porous
  crooked lopsided warped bent cracked chipped frayed ragged threadbare tattered worn-out patchy blotchy smudged
  blurry fuzzy muddy murky tinny shrill noisy deafening useless worthless pointless hopeless miserable wretched
  lacklustre insipid bland soulless joyless amateurish half-baked slapdash makeshift botched bungled misaligned
  ill-fitting ill-conceived badly-made poorly-finished overpriced disgraceful shameful embarrassing laughable ridiculous
  unacceptable inexcusable unbearable intolerable insufferable painful hazardous treacherous short-lived
  perishable creaky squeaky rattling jarring stiff clunky confusing baffling misleading deceptive
  inaccurate inconsistent unresponsive temperamental finicky fiddly crummy crappy rotten ropey naff grim
`);

export const INTENSIFIERS = [
  '',
  '',
  '',
  'really',
  'truly',
  'quite',
  'simply',
  'downright',
  'plainly',
  'rather',
  'utterly',
  'surprisingly',
] as const;

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
