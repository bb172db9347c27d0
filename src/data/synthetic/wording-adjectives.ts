/**
 * Words that praise or criticise whatever they are said of. No word stands in both lists (a test checks it);
 * many are rare.
 */
export const PRAISING_ADJECTIVES: readonly string[] = words(`
  superb flawless impeccable excellent outstanding splendid marvellous terrific fantastic brilliant
  magnificent exquisite first-rate top-notch stellar sublime delightful gorgeous elegant refined sturdy
  robust dependable reliable trustworthy solid tough resilient hard-wearing long-lasting durable precise
  accurate crisp smooth silky effortless intuitive comfortable cosy soothing pleasant charming lovely
  beautiful stunning tasteful graceful polished well-made well-crafted masterful meticulous thoughtful
  clever ingenious inventive responsive snappy swift efficient powerful generous rich vivid radiant
  luminous immaculate pristine spotless faultless exemplary admirable commendable praiseworthy remarkable
  exceptional extraordinary astonishing phenomenal wonderful heavenly divine glorious majestic enchanting
  captivating inviting satisfying gratifying rewarding reassuring steadfast unshakable rock-solid
  bulletproof watertight seamless harmonious balanced lavish opulent sumptuous plush velvety supple nimble
  agile sensational superlative unbeatable peerless matchless world-class award-worthy enviable covetable
  irresistible lovable likeable agreeable handsome dashing stylish chic tidy neat spick-and-span true
  dreamy blissful joyful uplifting refreshing invigorating energising cracking ace dazzling spectacular
  breathtaking striking impressive formidable mighty stalwart unfailing consistent stable secure airtight
  ergonomic considerate forgiving gentle flattering luscious brill fab super great good fine nice grand
  glossy crystalline gleaming sparkling cheerful heartwarming endearing alluring bewitching mesmerising
  entrancing fetching becoming comely debonair dapper sleek svelte artful skilful adept deft accomplished
  proficient competent capable able diligent painstaking rigorous conscientious scrupulous faithful honest
  genuine authentic sincere trusty staunch sterling worthy deserving laudable creditable estimable esteemed
  prized cherished treasured beloved favourite popular acclaimed celebrated renowned lauded legendary
  iconic timeless ageless enduring undying everlasting indestructible unbreakable invincible hardy stout
  sound secure-feeling comforting calming tranquil serene restful relaxing snug warm toasty breathable airy
  fragrant aromatic delectable scrumptious mouth-watering nourishing wholesome healthful beneficial helpful
  handy useful practical convenient user-friendly painless hassle-free trouble-free worry-free carefree
  stress-free foolproof fail-safe spot-on on-point pitch-perfect perfect ideal optimal supreme unmatched
  unrivalled unsurpassed second-to-none
`);

export const CRITICISING_ADJECTIVES: readonly string[] = words(`
  flimsy shoddy wobbly rickety brittle fragile cheap tacky tawdry dreadful awful terrible horrible
  atrocious abysmal appalling dismal lousy pathetic pitiful woeful lamentable deplorable disappointing
  underwhelming mediocre subpar second-rate third-rate inferior defective faulty broken buggy glitchy
  erratic unreliable untrustworthy flaky shaky unstable loose sloppy careless crude clumsy awkward
  cumbersome unwieldy uncomfortable itchy scratchy harsh abrasive irritating annoying infuriating maddening
  frustrating tedious sluggish slow laggy feeble weak puny limp lifeless dull drab dreary ugly hideous
  unsightly garish gaudy ghastly grotesque vile nasty foul rancid stale musty smelly putrid greasy grimy
  sticky slimy leaky porous crooked lopsided warped bent cracked chipped frayed ragged threadbare tattered
  worn-out patchy blotchy smudged blurry fuzzy muddy murky tinny shrill noisy deafening useless worthless
  pointless hopeless miserable wretched lacklustre insipid bland soulless joyless amateurish half-baked
  slapdash makeshift botched bungled misaligned ill-fitting ill-conceived badly-made poorly-finished
  overpriced disgraceful shameful embarrassing laughable ridiculous unacceptable inexcusable unbearable
  intolerable insufferable painful hazardous treacherous short-lived perishable creaky squeaky rattling
  jarring stiff clunky confusing baffling misleading deceptive inaccurate inconsistent unresponsive
  temperamental finicky fiddly crummy crappy rotten ropey naff grim bad poor worse-than-expected unpleasant
  disagreeable displeasing unsatisfying unsatisfactory unimpressive uninspired uninspiring unappealing
  unattractive unlovely unflattering unbecoming inelegant graceless tasteless charmless cheerless gloomy
  dingy dowdy frumpy shabby scruffy messy untidy unkempt filthy dirty soiled stained tarnished rusty
  corroded mouldy mildewed decayed decrepit dilapidated ramshackle tumbledown derelict battered dented
  scuffed scratched torn ripped split ruptured shattered smashed snapped busted bust kaput dud dead inert
  inoperative dysfunctional malfunctioning nonfunctional unusable unworkable impractical inconvenient
  unhelpful ineffective ineffectual inefficient incompetent inept bumbling cack-handed ham-fisted negligent
  neglectful lax slipshod hasty rushed unfinished incomplete lacking deficient inadequate insufficient
  meagre paltry skimpy scanty stingy miserly exploitative dishonest fraudulent bogus sham fake phoney
  counterfeit spurious worrisome worrying troubling alarming unsafe dangerous perilous risky toxic noxious
  pungent stinky sickening nauseating revolting repulsive repellent disgusting loathsome detestable
  despicable contemptible execrable unforgivable regrettable unfortunate sorry sad dire horrid horrific
  horrendous ghoulish nightmarish catastrophic disastrous ruinous calamitous
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
