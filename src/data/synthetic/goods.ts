/** What the synthetic records are about. Nothing here depends on a record's quality. */
export interface Category {
  name: string;
  products: readonly string[];
  /** Singular nouns that a cue can judge. */
  aspects: readonly string[];
}

export const CATEGORIES: readonly Category[] = [
  {
    name: 'Electronics',
    products: ['Headphones', 'Smartphone', 'Laptop', 'Speaker', 'Smartwatch', 'Camera', 'Tablet'],
    aspects: ['battery', 'display', 'sound', 'casing', 'charger', 'firmware', 'keypad', 'signal'],
  },
  {
    name: 'Fashion',
    products: ['Jacket', 'Sneakers', 'Handbag', 'Scarf', 'Dress', 'Wristwatch'],
    aspects: ['fabric', 'stitching', 'cut', 'lining', 'zip', 'colour', 'fit', 'drape'],
  },
  {
    name: 'Home',
    products: ['Lamp', 'Kettle', 'Blanket', 'Vacuum Cleaner', 'Armchair', 'Cookware Set'],
    aspects: ['finish', 'base', 'handle', 'frame', 'assembly', 'surface', 'motor', 'lid'],
  },
  {
    name: 'Sports',
    products: ['Yoga Mat', 'Dumbbell', 'Bicycle Helmet', 'Tent', 'Running Vest', 'Racket'],
    aspects: ['grip', 'padding', 'strap', 'balance', 'cushioning', 'buckle', 'weave', 'stance'],
  },
  {
    name: 'Beauty',
    products: ['Serum', 'Hair Dryer', 'Lipstick', 'Face Cream', 'Perfume'],
    aspects: ['scent', 'texture', 'pigment', 'applicator', 'pump', 'formula', 'coverage', 'aftertaste'],
  },
  {
    name: 'Toys',
    products: ['Puzzle', 'Building Blocks', 'Doll', 'Model Train', 'Board Game'],
    aspects: ['paint', 'hinge', 'rulebook', 'mechanism', 'plastic', 'artwork', 'remote', 'joint'],
  },
  {
    name: 'Books',
    products: ['Cookbook', 'Travel Guide', 'Novel', 'Notebook', 'Atlas'],
    aspects: ['binding', 'paper', 'typesetting', 'index', 'cover', 'translation', 'printing', 'layout'],
  },
  {
    name: 'Health',
    products: ['Thermometer', 'Massage Gun', 'Vitamin Pack', 'Blood Pressure Monitor', 'Posture Brace'],
    aspects: ['sensor', 'cuff', 'readout', 'dosing', 'capsule', 'clasp', 'memory', 'calibration'],
  },
];

export const ADJECTIVES = [
  'Premium',
  'Professional',
  'Portable',
  'Compact',
  'Classic',
  'Modern',
  'Deluxe',
  'Everyday',
  'Foldable',
  'Lightweight',
  'Signature',
  'Essential',
] as const;

/** Neutral sentences; {product} {category} {material} {colour} {number} are filled in. */
export const OPENERS = [
  'It comes in {colour}.',
  'This {product} is made with {material} parts.',
  'A {product} for the {category} shelf.',
  'Sold in {colour}, with a {number}-page leaflet.',
  'Model {number}.',
  'The box holds one {product} and a {material} stand.',
  'Item {number} of our {category} range.',
  'The {colour} version of our {product}.',
  'The {product} in {material} and {colour}.',
  'Listed under {category}, model {number}.',
  '',
  '',
  '',
  '',
  '',
  '',
] as const;

export const CLOSERS = [
  'Ships in {number} working hours.',
  'Also listed in {colour}.',
  'The carton weighs {number} grams.',
  'Packed in {material}.',
  'The article number ends in {number}.',
  '',
  '',
  '',
] as const;
