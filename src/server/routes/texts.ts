/** Texts on their way to being published: who has them, what was decided, by whom. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { AppError } from '../../core/errors.ts';
import { plainText } from '../../core/plain-text.ts';
import { parseTextId } from '../../data/index.ts';
import { TEXT_EVENT_KINDS, TEXT_STATES, type Db } from '../../db/index.ts';
import {
  createRoutes,
  jsonAnswer,
  pageKeys,
  renderAs,
  route,
  type AppEnv,
  type Router,
} from '../http/index.ts';
import { nameCaller } from '../keys/index.ts';
import type { Metrics } from '../metrics.ts';
import type { PredictionStore } from '../predictions/index.ts';
import {
  assignText,
  commentOnText,
  decideText,
  judgePair,
  listReviewers,
  listTexts,
  readText,
  type Decision,
  type TextOnItsWay,
} from '../texts/index.ts';

const MAX_NAME_CHARS = 200;
const MAX_COMMENT_CHARS = 4000;
const MAX_AT_ONCE = 500;

/** The states into which a text may go together with an edit. */
const EDITABLE: readonly string[] = ['in_review', 'approved'];

const time = z.iso.datetime();
const state = z.enum(TEXT_STATES);
const name = plainText(MAX_NAME_CHARS);
const comment = plainText(MAX_COMMENT_CHARS).refine((text) => text.trim() !== '', 'is blank');
const textId = z.string().max(300).openapi({ description: "One of an answer's text ids" });
const params = z.object({ text_id: textId });
const score = z.coerce.number<string>().min(0).max(1);

const textSchema = z
  .object({
    number: z.int().openapi({ description: 'What pages go by; 0 where nobody has touched the text' }),
    text_id: z.string(),
    prediction_id: z.string(),
    field: z.string(),
    state,
    text: z.string().openapi({ description: 'As it stands now' }),
    original: z.string().openapi({ description: 'As it was written' }),
    edited: z.boolean(),
    score: z.number().nullable().openapi({ description: 'Of the original' }),
    assignee: z.string().nullable(),
    changed_by: z.string().nullable().openapi({ description: 'Who brought it into its state' }),
    changed_at: time.nullable(),
    product: z.object({ title: z.string(), description: z.string() }),
  })
  .openapi('Text');
const eventSchema = z
  .object({ kind: z.enum(TEXT_EVENT_KINDS), told: z.string(), by: z.string(), at: time })
  .openapi('TextEvent');
const changed = jsonAnswer('the text as it stands now', { text: textSchema });

const decisionFields = {
  state,
  comment: comment.optional(),
};

interface Deps {
  db: Db;
  predictions: PredictionStore;
  metrics: Metrics;
  maxTextChars: number;
  /** Called after a decision was stored as feedback; must not throw. */
  onFeedback: () => void;
}

export function createTextRoutes({ db, predictions, metrics, maxTextChars, onFeedback }: Deps): Router {
  const show = async (id: string) => {
    const { text } = await readText(db, parseTextId(id));
    return { text: showText(text) };
  };
  const decide = async (c: Context<AppEnv>, id: string, decision: Decision): Promise<boolean> => {
    const verdict = await decideText(db, parseTextId(id), decision, nameCaller(c));
    if (verdict !== undefined) metrics.feedback(verdict);
    return verdict !== undefined;
  };
  return createRoutes('texts', [
    route('GET /texts', {
      summary: 'Texts that somebody has sent on, decided or assigned, newest first',
      query: z.strictObject({
        state: state.optional(),
        assignee: name.optional().openapi({ description: 'Empty for those that nobody has' }),
        field: z.string().max(100).optional(),
        min_score: score.optional(),
        max_score: score.optional(),
        ...pageKeys('number of the last text of the page before'),
      }),
      answer: jsonAnswer('a page of the texts; count is of all that the filters leave', {
        texts: z.array(textSchema),
        count: z.int(),
      }),
      handle: async ({ query: { min_score: minScore, max_score: maxScore, ...filter } }) => {
        const { texts, count } = await listTexts(db, { ...filter, minScore, maxScore });
        return { texts: texts.map(showText), count };
      },
    }),
    route('GET /reviewers', {
      summary: 'The names of those who can be given a text',
      answer: jsonAnswer('the names', { reviewers: z.array(z.string()) }),
      handle: async () => ({ reviewers: await listReviewers(db) }),
    }),
    route('POST /texts/state', {
      summary: `The same for up to ${MAX_AT_ONCE} texts at once, each by itself`,
      body: z.strictObject({ ...decisionFields, text_ids: z.array(textId).min(1).max(MAX_AT_ONCE) }),
      answer: jsonAnswer('how many were moved, and why others were not', {
        moved: z.int(),
        refused: z.array(z.object({ text_id: z.string(), code: z.string(), message: z.string() })),
      }),
      handle: async ({ body: { text_ids, ...decision }, c }) => {
        await predictions.flush();
        const refused: { text_id: string; code: string; message: string }[] = [];
        let verdicts = 0;
        for (const id of new Set(text_ids)) {
          try {
            if (await decide(c, id, decision)) verdicts += 1;
          } catch (thrown) {
            if (!(thrown instanceof AppError) || thrown.traits.httpStatus >= 500) throw thrown;
            refused.push({ text_id: id, code: thrown.code, message: thrown.message });
          }
        }
        if (verdicts > 0) onFeedback();
        const moved = new Set(text_ids).size - refused.length;
        return { moved, refused };
      },
    }),
    route('POST /texts/pairs', {
      summary: 'Which of two texts for one field of one product is the better one: feedback on both',
      body: z.strictObject({ better: textId, worse: textId }),
      answer: jsonAnswer('stored now, or before', { is_new: z.boolean() }),
      refusals: { 404: 'no such text' },
      handle: async ({ body: { better, worse } }) => {
        await predictions.flush();
        const isNew = await judgePair(db, parseTextId(better), parseTextId(worse));
        if (isNew) {
          metrics.feedback('better');
          metrics.feedback('worse');
          onFeedback();
        }
        return { is_new: isNew };
      },
    }),
    route('GET /texts/{text_id}', {
      summary: 'One text with what was done to it; every text that was offered is at least a draft',
      params,
      answer: jsonAnswer('the text', { text: textSchema, history: z.array(eventSchema) }),
      refusals: { 404: 'no such text' },
      handle: async ({ params }) => {
        await predictions.flush();
        const { text, history } = await readText(db, parseTextId(params.text_id));
        const events = history.map((event) => renderAs(eventSchema, event));
        return { text: showText(text), history: events };
      },
    }),
    route('POST /texts/{text_id}/state', {
      summary: 'Send a text to review, approve, reject or publish it; approving and rejecting are feedback',
      params,
      body: z
        .strictObject({
          ...decisionFields,
          edited_text: plainText(maxTextChars)
            .refine((text) => text.trim() !== '', 'is blank: send what the person wrote, or reject')
            .optional()
            .openapi({ description: 'What the person made of it; beside in_review or approved' }),
          from: state.optional().openapi({
            description: 'The state that was seen: where another has decided meanwhile, nothing is done',
          }),
        })
        .refine((body) => body.edited_text === undefined || EDITABLE.includes(body.state), {
          path: ['edited_text'],
          message: `is given only beside the states ${EDITABLE.join(' and ')}`,
        })
        .openapi('TextDecision'),
      answer: changed,
      refusals: {
        404: 'no such text',
        409: 'another was there first (error.decided_by, error.state), or there is no such way',
      },
      handle: async ({ params: { text_id }, body, c }) => {
        const { edited_text: editedText, ...decision } = body;
        // The prediction may still wait in memory; its texts refer to its row.
        await predictions.flush();
        if (await decide(c, text_id, { ...decision, editedText })) onFeedback();
        return await show(text_id);
      },
    }),
    route('POST /texts/{text_id}/assignee', {
      summary: 'Give a text to somebody, or to nobody',
      params,
      body: z.strictObject({ assignee: name.refine((text) => text.trim() !== '', 'is blank').nullable() }),
      answer: changed,
      refusals: { 404: 'no such text' },
      handle: async ({ params: { text_id }, body, c }) => {
        await predictions.flush();
        await assignText(db, parseTextId(text_id), body.assignee, nameCaller(c));
        return await show(text_id);
      },
    }),
    route('POST /texts/{text_id}/comments', {
      summary: 'Say something about a text',
      params,
      body: z.strictObject({ comment }),
      answer: changed,
      refusals: { 404: 'no such text' },
      handle: async ({ params: { text_id }, body, c }) => {
        await predictions.flush();
        await commentOnText(db, parseTextId(text_id), body.comment, nameCaller(c));
        return await show(text_id);
      },
    }),
  ]);
}

function showText(text: TextOnItsWay): z.infer<typeof textSchema> {
  const { original, editedText } = text;
  return renderAs(textSchema, { ...text, text: editedText ?? original, edited: editedText !== null });
}
