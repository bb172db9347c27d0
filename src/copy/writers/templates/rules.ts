/**
 * The sentences. A rule is text with slots: {name} {kind} {kindOne} {thisOne} {feature} {feature2} {definition} {use} {occasion} {adjective} {adjective2}
 * {quote} {audience} {keyword} come from the record and the request, {pick} {moment} {hook} {toneHook} {call} {nudge} {emoji} from the vocabulary.
 * A slot with a capital opens a sentence. {one|many} agrees with the product's number. A rule whose facts are missing is not used.
 */

export const SENTENCES = {
  hook: ['{hook}', '{hook}', '{toneHook}', '{toneHook}', '{emoji} {hook}', '{emoji} {toneHook}', 'Looking for {keyword}?', 'Thinking about {keyword}?', 'Calling all {audience}.', 'This one goes out to {audience}.', 'Something {adjective} this way comes.', '{Adjective}, {adjective2} and ready.', '{Adjective} and {adjective2}: sounds good?', 'In the mood for something {adjective}?', 'Picture this: {feature}.', 'What about {feature}?', 'Got {occasion} on your mind?', 'Planning for {moment}?'],
  intro: [
    'Meet {name}: {definition}.',
    'Say hello to {name}, {definition}.',
    '{Name} {is|are} {definition}.',
    '{Name}: {definition}, and then some character.',
    'Introducing {name}, {definition}.',
    'Get to know {name}, {definition}.',
    'Meet {name}, with {feature}.',
    '{Name} {brings|bring} you {feature}.',
    '{Name} {pairs|pair} {feature} with {feature2}.',
    '{Name} {comes|come} with {feature}.',
    '{Feature}: that is {name} in a nutshell.',
    'Think {feature}, then think {name}.',
    'Think {adjective}. Think {adjective2}. Think {name}.',
    '{Adjective} and {adjective2}, {name} {is|are} ready for {moment}.',
    'Meet {name}, {adjective} and {adjective2}.',
    'There is something {adjective} about {name}.',
    '{Name} {keeps|keep} things {adjective}.',
    '{Name}, {adjective} by nature.',
    '{Name} is here for {occasion}.',
    'For {occasion}, consider {name}.',
    'When it comes to {occasion}, think {name}.',
    'Let {name} help you {use}.',
    'Want to {use}? Meet {name}.',
    '{Name} {lets|let} you {use}.',
    'Ready to {use}? {Name} {is|are} listening.',
    'Make room for {name}.',
    'Say hello to {name}.',
    'Meet {name}, a {pick} for {moment}.',
    '{Name} and {moment}: a match to try.',
    'A {pick} with a name: {name}.',
    'Have you met {name}?',
    'Today we are looking at {name}.',
    'Imagine {moment} with {name}.',
    'This {pick} goes by {name}.',
    'All eyes on {name}.',
    'On our mind today: {name}.',
    '{Name} would like a word with {audience}.',
    'For {audience}: {name}.',
    '{Name} and {keyword}, together.',
    'You asked about {keyword}; we thought of {name}.',
  ],
  detail: [
    '{quote}',
    '{quote}',
    'Expect {feature}.',
    'You get {feature}.',
    'You also get {feature}.',
    'Look out for {feature}.',
    'Notice {feature}.',
    'The highlight: {feature}.',
    'What stands out: {feature}.',
    'It comes down to {feature}.',
    'Between {feature} and {feature2}, there is plenty to notice.',
    '{Feature}, plus {feature2}.',
    'There is {feature}, and there is {feature2}.',
    'In short, {definition}.',
    'Call it {definition}.',
    'It is there to help you {use}.',
    'The idea is simple: {use}.',
    'Use it to {use}.',
    'A natural for {occasion}.',
    'Think of it for {occasion}.',
    'Reach for it when the plan says {occasion}.',
    'It suits {occasion}.',
    '{Adjective}? Yes. {Adjective2}? Also yes.',
    'In a word: {adjective}.',
    'In two words: {adjective}, {adjective2}.',
    'Keep it {adjective}, keep it {adjective2}.',
    'Made to measure up to {moment}.',
    'Bring it along for {moment}.',
    'It could be just the {pick} for {moment}.',
    'Here is to {moment}.',
    'Picture it with {moment} in mind.',
  ],
  closer: ['{call}', '{call}', '{call}', '{call}', 'Ready for {moment}? {nudge}', 'Your {kind}, your way. {nudge}', 'Could this be your {kind}?', 'Yours for {moment}.', 'Here is to {moment}!', '{Audience}, {thisOne} could be for you.', 'For {keyword} and other ideas, stay with us.', 'A {pick} to remember. {nudge}', 'Save this {pick} for later.', '{emoji} {call}'],
  bareIntro: ['Here is a {pick} for {moment}.', 'A {pick} for {moment}.', 'Have a look at this {pick}.', 'This {pick} has {moment} in mind.', 'Bring a little change to {moment}.', 'Some things are better seen than told.', 'We think this {pick} is worth a moment.', 'Let this {pick} surprise you.', 'Ready for {moment}?', 'A {pick} that speaks for itself.', 'Meet a {pick} for {moment}.', 'Something for {moment}.'],
  short: ['Meet {name}.', '{Name}: {feature}.', '{Name}: {adjective} and {adjective2}.', '{Name}, {definition}.', '{Name}, with {feature}.', '{Name} for {moment}.', '{Name} for {occasion}.', '{Feature}. {Name}.', '{Adjective}, {adjective2}: {name}.', '{Name}: made to {use}.', 'To {use}: {name}.', 'Discover {name}.', 'Get to know {name}.', 'Take {name} into {moment}.', '{Name}. {Adjective} {kind}, {adjective2} mood.', '{Name}, for {audience}.', '{Name} and {keyword}.'],
} as const;

export const FRAGMENTS = {
  headline: ['{name}', 'Meet {name}', 'Discover {name}', 'See {name}', 'Try {name}', 'Get {name}', 'Hello, {name}', 'Explore {name}', 'Love {name}', 'Choose {name}', 'Why {name}?', '{name} Awaits', '{name} Up Close', '{name} for You', 'Your {name}', 'Shop {name}', 'Think {name}', 'Now Showing: {name}', 'Say Yes to {name}', '{Adjective} {kind}', 'A {adjective} {kindOne} for You', '{Adjective} and {adjective2}', 'Keep It {adjective}', 'Something {adjective}', '{Feature}', '{Feature}', '{Definition}', 'Made for {occasion}', 'For {occasion}', '{Use}', '{Use} with Ease', 'Your Next {kind}', 'Find Your {kind}', '{Kind} to Consider', 'For {moment}', 'Ready for {moment}?', 'A {pick} for You', 'Your Next {pick}', 'Meet Your Next {pick}', 'Looking for a {pick}?', 'Made with {moment} in Mind', '{Keyword}, Your Way', 'Looking for {keyword}?', 'Think {keyword}', 'For {audience}', '{Audience}, Look Here', '{nudge}', '{nudge}'],
  subject: ['Meet {name}', '{Name}: {feature}', '{Name}, {definition}', '{Feature}: meet {name}', 'Have you seen {name}?', '{Name} for {moment}', '{Name} is waiting for you', 'A {adjective} {kindOne} for {moment}', '{Adjective} and {adjective2}: {name}', 'Ready to {use}?', 'Want to {use}?', 'Thinking about {occasion}?', 'For {occasion}: {name}', 'Your next {pick}: {name}', 'About {name}, in short', '{Name}, up close', 'A closer look at {name}', 'What makes {name} {adjective}', 'A note about {name}', 'Your {kind}, your way', '{Audience}: meet {name}', 'For {audience}: {name}', 'On {keyword} and {name}', 'Looking for {keyword}?', 'A {pick} for {moment}', '{Moment}, meet {name}', 'Something {adjective} for {moment}', 'One {pick}, many plans', 'Could this be your next {pick}?', 'A little idea for {moment}', 'Open for {moment}', 'Your {pick} for {moment} is inside'],
} as const;

/** Words that hold for any product, for when bans or a hostile title leave nothing else. Each list varies its vocabulary on purpose. */
export const PLAIN_LINES = {
  long: ['Take a closer look today.', 'Something worth seeing awaits.', 'Curious? Find out more.', 'Discover what caught our eye.', 'Good things deserve attention.', 'Explore, compare, choose.', 'Your next idea could start here.', 'Let yourself be inspired.', 'Made for everyday moments.', 'Ready when you are.', 'Simply have fun finding out.', 'Welcome.'],
  short: ['Take a Closer Look', 'Discover More Today', 'See What Awaits You', 'Find Out More', 'Explore the Details', 'Worth Seeing', 'Curious? Come In', 'Made for Every Day', 'Ready When You Are', 'Good Things Ahead', 'Your Next Idea', 'Simply Have a Look', 'Be Inspired', 'Get Inspired Here', 'Choose What Suits You', 'Welcome'],
} as const;

export type SentenceKind = keyof typeof SENTENCES;
export type FragmentKind = keyof typeof FRAGMENTS;
