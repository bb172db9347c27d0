/** The vocabulary of the templates. No word here claims anything of a product: what a product is or has comes from its own record. */
import type { Category, Tone } from '../../brief/index.ts';

export interface CategoryWords {
  /** What one may call such a product: `this find`. */
  picks: readonly string[];
  /** Where or when it is met, after "for". */
  moments: readonly string[];
  /** Opening sentences. */
  hooks: readonly string[];
  emoji: readonly string[];
}

export const CATEGORY_WORDS: Record<Category, CategoryWords> = {
  electronics: {
    picks: ['gadget', 'tech pick', 'piece of tech', 'device'],
    moments: [
      'your desk',
      'the daily commute',
      'long workdays',
      'movie nights',
      'your everyday setup',
      'life on the go',
    ],
    hooks: [
      'Your setup has an opening.',
      'Tech talk, minus the jargon.',
      'Some gadgets simply get it.',
      'Plug in to something different.',
      'Screens, sound, signal: sorted.',
      'Your desk has been asking.',
      'Press play on something else.',
      'Low battery, high hopes?',
      'Gear check time.',
      'Charge up your routine.',
    ],
    emoji: ['🔌', '🎧', '💡', '📱'],
  },
  fashion: {
    picks: ['piece', 'wardrobe pick', 'look', 'outfit maker'],
    moments: [
      'date night',
      'the office and after',
      'weekend plans',
      'dressing up or down',
      'your next outing',
      'everyday outfits',
    ],
    hooks: [
      'Outfit planning starts here.',
      'Your wardrobe called.',
      'Style notes for the week.',
      'Getting dressed, made easy.',
      'One look, many plans.',
      'Mirror check, please.',
      'Hang this thought in your closet.',
      'Dress for the day you want.',
      'Some looks speak first.',
      'A wardrobe is a story.',
    ],
    emoji: ['👗', '✨', '🛍️', '👟'],
  },
  home: {
    picks: ['home find', 'household helper', 'pick for your place', 'everyday helper'],
    moments: [
      'slow Sunday mornings',
      'weeknight dinners',
      'cozy evenings in',
      'family gatherings',
      'the heart of your home',
      'everyday living',
    ],
    hooks: [
      'Home is in the details.',
      'Small changes, happy rooms.',
      'Make room for this.',
      'Your place, your pace.',
      'House notes, page one.',
      'A happier home, bit by bit.',
      'For the love of home.',
      'Guests will ask.',
      'Good things live here.',
      'Around the table, stories happen.',
    ],
    emoji: ['🏡', '☕', '🍽️', '🛋️'],
  },
  sports: {
    picks: ['piece of gear', 'training partner', 'kit pick', 'teammate'],
    moments: [
      'game day',
      'early morning sessions',
      'the next practice',
      'weekend rides and runs',
      'personal bests',
      'your training days',
    ],
    hooks: [
      'Game on.',
      'Lace up, look up, go.',
      'Practice makes the player.',
      'Warm-up is over.',
      'Your next session is waiting.',
      'Play hard, smile harder.',
      'Gear up, get out.',
      'The whistle just blew.',
      'Sweat now, brag later.',
      'Move like you mean it.',
    ],
    emoji: ['🏃', '🏆', '💪', '⚽'],
  },
  beauty: {
    picks: ['beauty pick', 'vanity find', 'shelf favorite', 'ritual'],
    moments: [
      'your morning ritual',
      'evenings out',
      'a little me-time',
      'everyday glam',
      'the vanity shelf',
      'your beauty bag',
    ],
    hooks: [
      'Mirror, mirror, take a note.',
      'Beauty is a daily ritual.',
      'A little me-time goes far.',
      'Your vanity has a spot free.',
      'Feel like yourself, on purpose.',
      'Soft lights, good mood.',
      'Getting ready is the fun part.',
      'Glam notes for today.',
      'Treat yourself kindly.',
      'The ritual starts here.',
    ],
    emoji: ['💄', '✨', '💅', '🌸'],
  },
  toys: {
    picks: ['toy', 'playtime pick', 'toy-box find', 'playmate'],
    moments: [
      'rainy afternoons',
      'playdates',
      'birthday wish lists',
      'living-room adventures',
      'family game time',
      'little adventurers',
    ],
    hooks: [
      'Playtime, take your places.',
      'Imagination wants company.',
      'Ready, set, play.',
      'Giggles ahead.',
      'The toy box has news.',
      'Big fun for little hands.',
      'Let the games begin.',
      'Rainy day? Sunny plans.',
      'Every adventure needs a sidekick.',
      'Who said playtime was over?',
    ],
    emoji: ['🧸', '🎲', '🪁', '🎈'],
  },
  books: {
    picks: ['read', 'bookshelf pick', 'page-turner in waiting', 'book club idea'],
    moments: [
      'the nightstand',
      'long train rides',
      'quiet evenings',
      'your reading list',
      'lazy weekends',
      'book club nights',
    ],
    hooks: [
      'Open to page one.',
      'Just the next chapter, promise.',
      'Your bookmark is ready.',
      'Readers, gather round.',
      'A quiet hour, well spent.',
      'Every shelf has a gap.',
      'The kettle is on; the page is open.',
      'Stories travel light.',
      'Turn the page.',
      'Book lovers, look here.',
    ],
    emoji: ['📚', '📖', '☕', '🔖'],
  },
  health: {
    picks: ['wellness pick', 'daily companion', 'self-care pick', 'routine partner'],
    moments: [
      'your daily routine',
      'busy mornings',
      'winding down',
      'a mindful week',
      'days on your feet',
      'taking care of you',
    ],
    hooks: [
      'Self-care is not selfish.',
      'Make time for you.',
      'Small habits, steady days.',
      'Your routine, your rules.',
      'A kinder day starts here.',
      'Take a breath, take a look.',
      'Care, on your own terms.',
      'Be good to yourself.',
      'Mindful days add up.',
      'Check in with yourself.',
    ],
    emoji: ['🌿', '💚', '🧘', '☀️'],
  },
  unknown: {
    picks: ['find', 'pick', 'everyday companion', 'discovery'],
    moments: [
      'everyday life',
      'the days ahead',
      'your next idea',
      'busy weeks',
      'good moments',
      'a little change of pace',
    ],
    hooks: [
      'Here is a thought.',
      'A little something worth a look.',
      'Some things catch the eye.',
      'Stop scrolling for a second.',
      'Curious? Good.',
      'File this under good ideas.',
      'Worth a pause.',
      'Look what we found.',
      'Every day has room for a discovery.',
      'A quiet star.',
    ],
    emoji: ['✨', '👀', '🎁', '💫'],
  },
};

export interface ToneWords {
  hooks: readonly string[];
  calls: readonly string[];
  /** Very short calls, for small fields. */
  nudges: readonly string[];
}

export const TONE_WORDS: Record<Tone, ToneWords> = {
  friendly: {
    hooks: [
      'Hello, happy shopper!',
      'Psst, this could be for you.',
      'We saved you a spot.',
      'A warm welcome to something good.',
      'Good news for your wish list.',
      'Come on in and look around.',
    ],
    calls: [
      'Take a look and tell us what you think.',
      'Come and see for yourself.',
      'Add it to your wish list today.',
      'Tag a friend who would love it.',
      'Would you give it a try?',
      'Bring it home and make it yours.',
      'Let us know how you would use it.',
    ],
    nudges: ['Take a look.', 'Come and see.', 'Give it a try.', 'Make it yours.'],
  },
  professional: {
    hooks: [
      'Choose with confidence.',
      'A considered choice.',
      'Details matter.',
      'Made to be looked at closely.',
      'Clear reasons to take note.',
      'Decide on the facts.',
    ],
    calls: [
      'See the full details.',
      'Review the details and decide.',
      'Learn more on the product page.',
      'Compare it with what you use now.',
      'Find out whether it fits your needs.',
      'Read more before you choose.',
    ],
    nudges: ['See the details.', 'Learn more.', 'Read more.', 'Find out more.'],
  },
  playful: {
    hooks: [
      'Plot twist!',
      'Uh-oh, new crush alert.',
      'Warning: cart may fill itself.',
      'Drumroll, please!',
      'Well, hello there.',
      'Spoiler: you will want a look.',
    ],
    calls: [
      'Go on, you know you want to.',
      'Your cart looks a bit lonely.',
      'Treat yourself; we will not tell.',
      'Say yes to the fun.',
      'Tap, peek, repeat.',
      'Blink twice if you need it.',
    ],
    nudges: ['Go on, peek!', 'Yes, please!', 'Treat yourself!', 'Tap and see!'],
  },
  elegant: {
    hooks: [
      'Quietly remarkable.',
      'An invitation to slow down.',
      'Grace lives in the details.',
      'For those who notice.',
      'A study in taste.',
      'Let the details speak.',
    ],
    calls: [
      'Discover it at your own pace.',
      'Allow yourself a closer look.',
      'Make it part of your story.',
      'Let it find its place with you.',
      'Experience it in person.',
      'Indulge your curiosity.',
    ],
    nudges: ['Discover it.', 'Look closer.', 'Make it yours.', 'Be curious.'],
  },
  direct: {
    hooks: [
      'Straight to the point.',
      'Look here.',
      'No fluff.',
      'The short version:',
      'Quick question: ready?',
      'Here it is.',
    ],
    calls: [
      'See it now.',
      'Get yours today.',
      'Check it out.',
      'Order when you are ready.',
      'Have a look today.',
      'Put it on your list.',
    ],
    nudges: ['See it now.', 'Get yours.', 'Check it out.', 'Have a look.'],
  },
};
