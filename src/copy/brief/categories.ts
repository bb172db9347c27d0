/** Which category a record is about, from its own words. */

export const CATEGORIES = [
  'electronics',
  'fashion',
  'home',
  'food',
  'motors',
  'sports',
  'beauty',
  'toys',
  'books',
  'health',
  'unknown',
] as const;
export type Category = (typeof CATEGORIES)[number];

// Product nouns (singular); in a title they count three times. The last word of a name that stands here may
// be written as "this <noun>".
const NOUNS: Record<Exclude<Category, 'unknown'>, string> = {
  electronics:
    'headphone earphone earbud smartphone phone laptop tablet camera speaker charger monitor keyboard mouse smartwatch console drone router television tv airpod airpods cable adapter projector microphone webcam printer powerbank display computer notebook-computer macbook iphone ipad galaxy echo homepod',
  fashion:
    'shirt dress jacket coat jeans sweater hoodie skirt blouse shoe sneaker sneakers boot sandal heel bag handbag purse backpack wallet belt scarf hat cap watch sunglasses glasses earring necklace bracelet ring frock gown jumpsuit trousers pants shorts tee t-shirt top cardigan slipper loafer suit tie sock glove',
  home: 'lamp sofa chair table bed pillow blanket rug curtain vase shelf desk pan pot knife spoon fork plate bowl cup mug glass blender grater peeler spatula tray kettle microwave stove oven candle frame plant sink towel mattress cookware whisk squeezer strainer wok container box organizer clock planter mirror cushion slicer rack jar board cleaver whistle vacuum armchair furniture bin timer detergent tissue grinder cooker maker heater',
  food: 'rice oil milk juice honey coffee tea egg meat steak fish fruit onion potato pepper cucumber lemon kiwi strawberry mulberry water soda drink food cheese bread cereal snack chocolate pasta sauce spice chicken beef vegetable berry nut',
  motors: 'car motorcycle motorbike scooter sedan truck suv van coupe convertible pickup motogp',
  sports:
    'ball bat racket racquet glove-sports mat dumbbell bike bicycle helmet treadmill tent basketball football baseball tennis volleyball cricket golf rim shuttlecock wicket iron-golf kettlebell skateboard surfboard kayak jersey racquetball badminton',
  beauty:
    'mascara lipstick eyeshadow palette powder polish perfume fragrance serum moisturizer cleanser shampoo conditioner lotion foundation concealer blush eyeliner primer toner sunscreen soap wash cologne eau parfum makeup brush razor skincare',
  toys: 'toy doll puzzle lego block blocks game plush teddy robot car-toy train-toy kite action-figure figure playset drone-toy board-game slime marble marbles dollhouse rattle',
  books:
    'book novel cookbook memoir biography guide atlas dictionary textbook journal diary anthology paperback hardcover ebook story thriller workbook planner poetry comic',
  health:
    'vitamin supplement multivitamin protein probiotic thermometer massager bandage first-aid toothbrush scale inhaler monitor-health omega collagen capsule gummy brace humidifier diffuser sanitizer mask wellness magnesium melatonin',
};

const HINTS: Record<Exclude<Category, 'unknown'>, string> = {
  electronics:
    'bluetooth wireless usb battery wifi hd oled pixel processor android ios app audio sound noise charging screen digital smart device electronics gaming storage resolution',
  fashion:
    'wear wardrobe outfit style fabric fit denim cotton leather stylish fashion ensemble silhouette sleeve casual formal chic petite size pockets clothing apparel',
  home: 'kitchen home living bedroom cooking decor bathroom dining garden interior household furniture room storage',
  food: 'delicious flavorful tasty nutritious culinary recipe cooking flavor flavors dishes salads snacking juicy creamy aromatic ingredient tender refreshing beverage meal',
  motors: 'engine driving road drive ride riding vehicle horsepower fuel automotive handling',
  sports:
    'sport sports yoga outdoor fitness workout gym training athlete running hiking game match team exercise player players court camping',
  beauty:
    'skin hair beauty lashes lips nail scent fragrance makeup glow complexion cosmetic moisturizing hydrates floral radiant',
  toys: 'kids children play toys toddler imaginative playtime child preschool pretend creative toy',
  books:
    'author reader readers chapter chapters story reading pages books fiction plot literature characters bestseller edition',
  health:
    'health wellness immune sleep pain relief daily nutrition body healthy recovery joints digestion medical clinical hygiene posture',
};

type Known = Exclude<Category, 'unknown'>;

const NOUN_CATEGORY = new Map<string, Known>();
const HINT_CATEGORY = new Map<string, Known>();
for (const [table, lists] of [
  [NOUN_CATEGORY, NOUNS],
  [HINT_CATEGORY, HINTS],
] as const) {
  for (const [category, words] of Object.entries(lists)) {
    for (const word of words.split(' ')) if (!table.has(word)) table.set(word, category as Known);
  }
}

function singular(word: string): string {
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`;
  if (/(?:sh|ch|x|ss)es$/u.test(word)) return word.slice(0, -2);
  return word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
}

/** The product noun's category, for a singular or plural noun in lower case. */
export function nounCategory(word: string): Known | undefined {
  return NOUN_CATEGORY.get(word) ?? (word.endsWith('s') ? NOUN_CATEGORY.get(singular(word)) : undefined);
}

const WORD = /[a-z][a-z'-]*/gu;

/** The category whose words the record uses most; `unknown` when it uses none. Both texts in lower case. */
export function guessCategory(title: string, description: string): Category {
  const votes = new Map<Known, number>();
  const vote = (category: Known | undefined, weight: number): void => {
    if (category !== undefined) votes.set(category, (votes.get(category) ?? 0) + weight);
  };
  const read = (text: string, noun: number, hint: number): Known | undefined => {
    let last: Known | undefined;
    for (const word of text.match(WORD) ?? []) {
      const category = nounCategory(word);
      last = category ?? last;
      vote(category, noun);
      vote(HINT_CATEGORY.get(word), hint);
    }
    return last;
  };
  // The last noun of a title is what the thing is: a coffee table is a table.
  vote(read(title, 3, 2), 2);
  read(description, 1, 1);
  let best: Category = 'unknown';
  let most = 0;
  for (const category of CATEGORIES) {
    const count = category === 'unknown' ? 0 : (votes.get(category) ?? 0);
    if (count > most) {
      best = category;
      most = count;
    }
  }
  return best;
}
