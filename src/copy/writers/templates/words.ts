/**
 * The vocabulary of the templates. No word here claims anything of a product: what a product is or has comes
 * from its own record. {one|many} agrees with the product's number.
 */
import type { Category, Tone } from '../../brief/index.ts';

export interface CategoryWords {
  /** What one may call such a product: `your new gadget`. */
  picks: readonly string[];
  /** Where or when it is met, after "for". */
  moments: readonly string[];
  /** Opening sentences that hold before any product of the category. */
  hooks: readonly string[];
  emoji: readonly string[];
}

export const CATEGORY_WORDS: Record<Category, CategoryWords> = {
  electronics: {
    picks: ['gadget', 'piece of tech', 'tech upgrade', 'everyday tech'],
    moments: ['work and play', 'your everyday setup', 'busy days', 'home and away', 'your desk and beyond'],
    hooks: [
      'Time for an upgrade?',
      'Your setup deserves this.',
      'Tech lovers, take note.',
      'Power up your day.',
      'Your next upgrade starts here.',
      'Small upgrade, big smile.',
      'Ready to upgrade your everyday?',
      'New tech, new habits.',
    ],
    emoji: ['🔌', '⚡', '💡', '✨'],
  },
  fashion: {
    picks: ['wardrobe favorite', 'style staple', 'go-to piece', 'wardrobe addition'],
    moments: [
      'work, weekends and everything in between',
      'dressing up or down',
      'your next night out',
      'everyday outfits',
      'days that call for style',
    ],
    hooks: [
      'Outfit: sorted.',
      'Your wardrobe will thank you.',
      'Style starts here.',
      'Getting dressed just got easier.',
      'Wear it your way.',
      'Add a little style to your day.',
      'Your new go-to has arrived.',
      'The outfit starts here.',
    ],
    emoji: ['✨', '🛍️', '💫', '👌'],
  },
  home: {
    picks: ['home favorite', 'household helper', 'everyday essential', 'home upgrade'],
    moments: [
      'everyday living',
      'the home you love',
      'easy days at home',
      'busy households',
      'hosting and every day in between',
    ],
    hooks: [
      'Home, made a little easier.',
      'Small touch, big difference.',
      'Your home will love this.',
      'Happy home, happy you.',
      'Make home feel more like home.',
      'Little upgrades make a home.',
      'For the home you love.',
      'One small upgrade for every day.',
    ],
    emoji: ['🏡', '✨', '🛋️', '💛'],
  },
  food: {
    picks: ['kitchen staple', 'pantry pick', 'grocery favorite', 'shopping-list regular'],
    moments: [
      'your kitchen',
      'your next shopping list',
      'every day of the week',
      'an easy weekly shop',
      'a well-stocked kitchen',
    ],
    hooks: [
      'Good things start in the kitchen.',
      'Shopping list, meet your match.',
      'Your kitchen called.',
      'Fill the kitchen with good things.',
      'Stock up and smile.',
      'Fresh ideas for your kitchen.',
      'Add a little flavor to your list.',
      'Good food, good mood.',
    ],
    emoji: ['🛒', '🍽️', '😋', '💛'],
  },
  motors: {
    picks: ['ride', 'set of wheels', 'companion for the road', 'reason to hit the road'],
    moments: ['the daily drive', 'weekend trips', 'the open road', 'every journey', 'the long way home'],
    hooks: [
      'Ready to hit the road?',
      'The road is calling.',
      'Your next journey starts here.',
      'Take the scenic route.',
      'Turn every trip into a story.',
      'Start your engines.',
      'Some journeys start with a look.',
      'Where to next?',
    ],
    emoji: ['🏁', '🛣️', '✨', '🔑'],
  },
  sports: {
    picks: ['piece of gear', 'kit essential', 'gear upgrade', 'training partner'],
    moments: [
      'game day',
      'practice and match day',
      'your next session',
      'training and play',
      'weekends on the move',
    ],
    hooks: [
      'Game on.',
      'Ready to play?',
      'Get moving.',
      'Make every session count.',
      'Train. Play. Repeat.',
      'Your next session starts here.',
      'Bring your game.',
      'Gear up and go.',
    ],
    emoji: ['💪', '🏆', '🔥', '🙌'],
  },
  beauty: {
    picks: ['beauty favorite', 'vanity essential', 'routine favorite', 'beauty-bag regular'],
    moments: [
      'your daily routine',
      'every day and every night out',
      'your beauty bag',
      'a little me-time',
      'your morning routine',
    ],
    hooks: [
      'Beauty lovers, take note.',
      'Treat yourself.',
      'Your routine just got better.',
      'A little me-time, every day.',
      'Ready for your close-up?',
      'Your vanity has room for one more.',
      'Make getting ready a pleasure.',
      'Feel like yourself, only more so.',
    ],
    emoji: ['✨', '💄', '🌸', '💖'],
  },
  toys: {
    picks: ['playtime favorite', 'toy-box favorite', 'playtime partner', 'reason to play'],
    moments: [
      'playtime at home',
      'rainy afternoons',
      'birthdays and every day in between',
      'family fun',
      'curious minds',
    ],
    hooks: [
      'Playtime starts here.',
      'Let the fun begin.',
      'Big smiles ahead.',
      'Ready, set, play!',
      'Rainy-day plans: sorted.',
      'Imagination, meet your match.',
      'Fun for little hands and big ideas.',
      'Who is ready to play?',
    ],
    emoji: ['🎈', '🎉', '🧸', '🌈'],
  },
  books: {
    picks: [
      'bookshelf favorite',
      'companion for quiet hours',
      'addition to your shelf',
      'nightstand favorite',
    ],
    moments: ['quiet evenings', 'your bookshelf', 'slow weekends', 'the nightstand', 'an hour to yourself'],
    hooks: [
      'Book lovers, take note.',
      'Room on the shelf for one more?',
      'Turn the page on a busy day.',
      'Make time for pages.',
      'Clear your evening.',
      'Your shelf has a gap. Fill it.',
      'A quiet hour starts here.',
      'Open, settle in, enjoy.',
    ],
    emoji: ['📚', '📖', '☕', '✨'],
  },
  health: {
    picks: ['wellness essential', 'routine essential', 'everyday companion', 'self-care favorite'],
    moments: [
      'your daily routine',
      'busy mornings',
      'days that ask a lot of you',
      'everyday self-care',
      'looking after yourself',
    ],
    hooks: [
      'Look after yourself.',
      'Small habits add up.',
      'Make room for self-care.',
      'A little care, every day.',
      'Be good to yourself.',
      'Your routine, made easier.',
      'Put yourself on the list.',
      'Start the day on your side.',
    ],
    emoji: ['🌿', '💚', '☀️', '✨'],
  },
  unknown: {
    picks: ['everyday favorite', 'find', 'discovery', 'go-to'],
    moments: [
      'everyday life',
      'busy days',
      'home, work and everything in between',
      'the days ahead',
      'every day',
    ],
    hooks: [
      'You will want to see this.',
      'A find worth sharing.',
      'Found: something good.',
      'Worth a closer look.',
      'Your next favorite is here.',
      'Add a little something to your day.',
      'Good finds deserve company.',
      'Curious? You should be.',
    ],
    emoji: ['✨', '👀', '💫', '🙌'],
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
      'Good news!',
      'You are going to like this.',
      'A little something for you.',
      'Here is one for the wish list.',
      'We think you two will get along.',
      'Say hello to your new favorite.',
    ],
    calls: [
      'Take a look today.',
      'Come and see for yourself.',
      'Add {it|them} to your wish list.',
      'Give {it|them} a try.',
      'Bring {it|them} home today.',
      'Make {it|them} yours.',
    ],
    nudges: ['Take a look.', 'Come and see.', 'Give it a try.', 'Make it yours.'],
  },
  professional: {
    hooks: [
      'Choose with confidence.',
      'A considered choice.',
      'The details matter.',
      'Worth a closer look.',
      'Chosen for good reasons.',
      'Know what you are getting.',
    ],
    calls: [
      'See the full details.',
      'Learn more today.',
      'Explore the details and decide.',
      'See how {it fits|they fit} your needs.',
      'Find out more.',
      'Compare, then choose.',
    ],
    nudges: ['See the details.', 'Learn more.', 'Read more.', 'Find out more.'],
  },
  playful: {
    hooks: [
      'Well, hello there.',
      'Plot twist: you needed this.',
      'Psst. Over here.',
      'Warning: new crush ahead.',
      'Drumroll, please!',
      'Your cart just winked at you.',
    ],
    calls: [
      'Go on, you know you want to.',
      'Treat yourself today.',
      'Say yes to {it|them}.',
      'Your cart has room for {it|them}.',
      'Resistance is optional.',
      'Blink and {it is|they are} in your cart.',
    ],
    nudges: ['Go on, peek!', 'Yes, please!', 'Treat yourself!', 'Tap and see!'],
  },
  elegant: {
    hooks: [
      'For those who notice the details.',
      'The art of choosing well.',
      'Something special, simply put.',
      'An eye for detail.',
      'Let the details speak.',
      'A touch of something special.',
    ],
    calls: [
      'Discover {it|them} today.',
      'Take a closer look.',
      'Make {it|them} part of your day.',
      'Explore at your own pace.',
      'Discover the details.',
      'See {it|them} in a new light.',
    ],
    nudges: ['Discover more.', 'Look closer.', 'Make it yours.', 'Be curious.'],
  },
  direct: {
    hooks: [
      'Look no further.',
      'Straight to the point.',
      'Easy choice.',
      'Stop scrolling.',
      'Search over.',
      'Right here.',
    ],
    calls: [
      'Shop now.',
      'Get yours today.',
      'Order yours today.',
      'See {it|them} now.',
      'Check {it|them} out today.',
      'Add {it|them} to your cart.',
    ],
    nudges: ['See it now.', 'Get yours.', 'Check it out.', 'Shop now.'],
  },
};

/** Calls that only a post can make: they ask its readers to do something with the post. */
export const SHARES = [
  'Tag someone who would love this.',
  'Save this post for later.',
  'Would you try {it|them}? Tell us below.',
  'Who would you share this with?',
  'Know someone who needs this? Tag them.',
] as const;
