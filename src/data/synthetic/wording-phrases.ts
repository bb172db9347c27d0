/**
 * Phrases that praise or criticise: what an aspect does, and what people say of the whole thing. Each stands
 * in one list only.
 */
export const PRAISING_PREDICATES: readonly string[] = lines(`
  outlasts everything in its class
  still looks new after years
  exceeds every expectation
  does exactly what was promised
  earns its place every day
  is a joy to use
  makes life easier
  survives any amount of abuse
  never skips a beat
  shrugs off daily knocks
  puts pricier rivals to shame
  deserves every star it gets
  wins people over at first touch
  holds up season after season
  gets better with age
  works like a charm
  runs without a hitch
  leaves nothing to be desired
  is worth every penny
  draws compliments wherever it goes
  is a cut above the rest
  sets the bar for others
  passes every test with ease
  performs beyond its price
  feels like a treat
  inspires confidence
  speaks of real craftsmanship
  takes the effort out of chores
  hits the mark
  is hard to fault
  ticks all the boxes
  is what others should copy
  keeps its promise
  stays dependable under pressure
  brings a smile each morning
  shows care down to the last detail
  is as good as it gets
  steals the show
  saves hours of trouble
  turned sceptics into fans
`);

export const CRITICISING_PREDICATES: readonly string[] = lines(`
  gives out within weeks
  fell apart in a month
  misses every expectation
  does little of what was promised
  ends up in a drawer
  is a chore to use
  makes everything harder
  cannot survive one drop
  fails at the worst moment
  shows scars after a day
  makes bargain rivals look good
  earns every bad score it gets
  puts people off at first touch
  needs mending all the time
  gets worse by the week
  refuses to work half the time
  jams again and again
  leaves much to be desired
  is money down the drain
  draws complaints wherever it goes
  lags behind the rest
  is a lesson in cutting corners
  flunks the simplest test
  performs below its price
  feels like a punishment
  raises doubts
  smacks of hasty work
  adds trouble to every chore
  misses the mark
  is hard to forgive
  ticks none of the boxes
  is what others should avoid
  breaks its promise
  buckles under pressure
  spoils every morning
  shows neglect in every detail
  is as bad as it gets
  lets everything down
  wastes hours of time
  turned fans into sceptics
`);

export const PRAISING_REMARKS: readonly string[] = lines(`
  owners keep ordering a second one
  hardly anyone ever sends it back
  reviewers rave about it
  friends ask where to get it
  people would buy it again in a heartbeat
  it makes a gift that people treasure
  customers recommend it to their families
  it sold out twice by word of mouth
  testers did not want to return it
  few purchases bring this much happiness
  buyers call it the best thing in the house
  you will wonder how you managed before
  it pays for itself in no time
  even the fussiest critic was won over
  the waiting list says it all
  nobody regrets this purchase
  it has a loyal following for good reason
  thank-you letters keep arriving
  it is the one everybody fights over
  you will reach for it again and again
  we could not be happier with it
  it is money well spent
  one try and you are hooked
  the whole family adores it
`);

export const CRITICISING_REMARKS: readonly string[] = lines(`
  owners keep asking for refunds
  most of them get sent back
  reviewers tear it to pieces
  friends warn each other about it
  people would not take another for free
  it makes a gift that people hide
  customers tell their families to stay away
  it gathers dust in the warehouse
  testers could not wait to return it
  few purchases bring this much grief
  buyers call it the worst thing in the house
  you will wonder why you bothered
  it costs more in repairs than it is worth
  even the kindest critic gave up on it
  the pile of returns says it all
  everybody regrets this purchase
  it has a poor name for good reason
  angry letters keep arriving
  it is the one nobody wants
  you will leave it in the cupboard
  we could not be sorrier about it
  it is a waste of money
  one try and you are done with it
  the whole family loathes it
`);

function lines(text: string): readonly string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim());
}
