/**
 * Puts a record's cues into words. A cue is told by an adjective, by the denial of an opposite adjective, by
 * a predicate or by a remark. Which of these, which aspect and which words is drawn without looking at the
 * quality; how two cues are joined follows from the cues alone. So the wording adds nothing to what the cues
 * themselves tell (quality-model.ts builds on that).
 */
import { assertNever } from '../../core/errors.ts';
import type { Random } from '../../core/random.ts';
import { syntheticWording, type Category } from './wording.ts';

const FORMS = [
  { name: 'adjective', share: 0.46 },
  { name: 'denial', share: 0.02 },
  { name: 'predicate', share: 0.3 },
  { name: 'remark', share: 0.22 },
] as const;

const ADJECTIVE_FRAMES = [
  'the {aspect} is {adjective}',
  'its {aspect} feels {adjective}',
  'we found the {aspect} {adjective}',
  'you get one {adjective} {aspect}',
  'expect one {adjective} {aspect}',
  'buyers call the {aspect} {adjective}',
  'the {aspect} strikes everyone as {adjective}',
  'in daily use the {aspect} proves {adjective}',
] as const;

const DENIAL_FRAMES = [
  'the {aspect} is anything but {adjective}',
  'nobody could call the {aspect} {adjective}',
  'its {aspect} is far from {adjective}',
  'the {aspect} is not {adjective} at all',
] as const;

const SAME_JOINTS = ['; ', ', and ', '. ', '. Besides, ', '. Also, '] as const;
const CONTRAST_JOINTS = ['; ', ', but ', '. ', '. Then again, ', '. Still, '] as const;

export interface Facts {
  title: string;
  product: string;
  category: Category;
  material: string;
  colour: string;
}

/** One description; `cues` are true where they praise. */
export function composeDescription(random: Random, facts: Facts, cues: readonly boolean[]): string {
  const aspects = random.shuffle([...facts.category.aspects]);
  let body = '';
  cues.forEach((praises, i) => {
    if (i > 0) body += random.pick(praises === cues[i - 1] ? SAME_JOINTS : CONTRAST_JOINTS);
    const cue = phraseCue(random, praises, aspects[i] ?? 'whole');
    body += i === 0 || body.endsWith('. ') ? capitalise(cue) : cue;
  });
  const { openers, closers } = syntheticWording();
  const opener = fill(random, random.pick(openers), facts);
  const closer = fill(random, random.pick(closers), facts);
  return `${opener} ${body}. ${closer}`.trim();
}

function phraseCue(random: Random, praises: boolean, aspect: string): string {
  const { praising, criticising, intensifiers } = syntheticWording();
  const [said, opposite] = praises ? [praising, criticising] : [criticising, praising];
  const form = pickForm(random);
  switch (form) {
    case 'adjective': {
      const adjective = random.pick(said.adjectives);
      const intensified = `${random.pick(intensifiers)} ${adjective}`.trimStart();
      return place(random.pick(ADJECTIVE_FRAMES), aspect, intensified);
    }
    case 'denial':
      return place(random.pick(DENIAL_FRAMES), aspect, random.pick(opposite.adjectives));
    case 'predicate':
      return `the ${aspect} ${random.pick(said.predicates)}`;
    case 'remark':
      return random.pick(said.remarks);
    default:
      return assertNever(form);
  }
}

function pickForm(random: Random): (typeof FORMS)[number]['name'] {
  let left = random.next();
  for (const form of FORMS) {
    left -= form.share;
    if (left < 0) return form.name;
  }
  return 'adjective';
}

function place(frame: string, aspect: string, adjective: string): string {
  return frame.replace('{aspect}', aspect).replace('{adjective}', adjective);
}

function fill(random: Random, sentence: string, facts: Facts): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
    switch (key) {
      case 'title':
        return facts.title;
      case 'product':
        return facts.product.toLowerCase();
      case 'category':
        return facts.category.name.toLowerCase();
      case 'material':
        return facts.material.toLowerCase();
      case 'colour':
        return facts.colour.toLowerCase();
      default:
        return String(10 + random.below(90));
    }
  });
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
