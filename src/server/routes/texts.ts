/** Texts on their way to being published: who has them, what was decided, by whom. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { AppError } from '../../core/errors.ts';
import { plainText } from '../../core/plain-text.ts';
import { parseTextId } from '../../data/index.ts';
import { TEXT_EVENT_KINDS, TEXT_STATES, type Db } from '../../db/index.ts';
import {
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  jsonBody,
  pageKeys,
  renderAs,
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

const listRoute = defineRoute({
  method: 'get',
  path: '/texts',
  tags: ['texts'],
  summary: 'Texts that somebody has sent on, decided or assigned, newest first',
  request: {
    query: z.strictObject({
      state: state.optional(),
      assignee: name.optional().openapi({ description: 'Empty for those that nobody has' }),
      field: z.string().max(100).optional(),
      min_score: score.optional(),
      max_score: score.optional(),
      ...pageKeys('number of the last text of the page before'),
    }),
  },
  responses: {
    200: jsonAnswer('a page of the texts; count is of all that the filters leave', {
      texts: z.array(textSchema),
      count: z.int(),
    }),
  },
});

const getRoute = defineRoute({
  method: 'get',
  path: '/texts/{text_id}',
  tags: ['texts'],
  summary: 'One text with what was done to it; every text that was offered is at least a draft',
  request: { params },
  responses: {
    200: jsonAnswer('the text', { text: textSchema, history: z.array(eventSchema) }),
    404: errorResponse('no such text'),
  },
});

const decisionFields = {
  state,
  comment: comment.optional(),
};

const stateRoute = (maxTextChars: number) =>
  defineRoute({
    method: 'post',
    path: '/texts/{text_id}/state',
    tags: ['texts'],
    summary: 'Send a text to review, approve, reject or publish it; approving and rejecting are feedback',
    request: {
      params,
      body: jsonBody(
        z
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
      ),
    },
    responses: {
      200: changed,
      404: errorResponse('no such text'),
      409: errorResponse('another was there first (error.decided_by, error.state), or there is no such way'),
    },
  });

const manyRoute = defineRoute({
  method: 'post',
  path: '/texts/state',
  tags: ['texts'],
  summary: `The same for up to ${MAX_AT_ONCE} texts at once, each by itself`,
  request: {
    body: jsonBody(z.strictObject({ ...decisionFields, text_ids: z.array(textId).min(1).max(MAX_AT_ONCE) })),
  },
  responses: {
    200: jsonAnswer('how many were moved, and why others were not', {
      moved: z.int(),
      refused: z.array(z.object({ text_id: z.string(), code: z.string(), message: z.string() })),
    }),
  },
});

const pairRoute = defineRoute({
  method: 'post',
  path: '/texts/pairs',
  tags: ['texts'],
  summary: 'Which of two texts for one field of one product is the better one: feedback on both',
  request: { body: jsonBody(z.strictObject({ better: textId, worse: textId })) },
  responses: {
    200: jsonAnswer('stored now, or before', { is_new: z.boolean() }),
    404: errorResponse('no such text'),
  },
});

const assignRoute = defineRoute({
  method: 'post',
  path: '/texts/{text_id}/assignee',
  tags: ['texts'],
  summary: 'Give a text to somebody, or to nobody',
  request: {
    params,
    body: jsonBody(
      z.strictObject({ assignee: name.refine((text) => text.trim() !== '', 'is blank').nullable() }),
    ),
  },
  responses: { 200: changed, 404: errorResponse('no such text') },
});

const commentRoute = defineRoute({
  method: 'post',
  path: '/texts/{text_id}/comments',
  tags: ['texts'],
  summary: 'Say something about a text',
  request: { params, body: jsonBody(z.strictObject({ comment })) },
  responses: { 200: changed, 404: errorResponse('no such text') },
});

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
    return { status: 'success' as const, text: showText(text) };
  };
  const decide = async (c: Context<AppEnv>, id: string, decision: Decision): Promise<boolean> => {
    const verdict = await decideText(db, parseTextId(id), decision, nameCaller(c));
    if (verdict !== undefined) metrics.feedback(verdict);
    return verdict !== undefined;
  };
  return createRouter()
    .openapi(listRoute, async function listTextsOnTheirWay(c) {
      const { min_score: minScore, max_score: maxScore, ...query } = c.req.valid('query');
      const { texts, count } = await listTexts(db, { ...query, minScore, maxScore });
      return c.json({ status: 'success' as const, texts: texts.map(showText), count }, 200);
    })
    .openapi(manyRoute, async function moveTexts(c) {
      const { text_ids, ...decision } = c.req.valid('json');
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
      return c.json({ status: 'success' as const, moved, refused }, 200);
    })
    .openapi(pairRoute, async function comparePair(c) {
      const { better, worse } = c.req.valid('json');
      await predictions.flush();
      const isNew = await judgePair(db, parseTextId(better), parseTextId(worse));
      if (isNew) {
        metrics.feedback('better');
        metrics.feedback('worse');
        onFeedback();
      }
      return c.json({ status: 'success' as const, is_new: isNew }, 200);
    })
    .openapi(getRoute, async function showOneText(c) {
      await predictions.flush();
      const { text, history } = await readText(db, parseTextId(c.req.valid('param').text_id));
      const events = history.map((event) => renderAs(eventSchema, event));
      return c.json({ status: 'success' as const, text: showText(text), history: events }, 200);
    })
    .openapi(stateRoute(maxTextChars), async function moveText(c) {
      const { text_id } = c.req.valid('param');
      const { edited_text: editedText, ...decision } = c.req.valid('json');
      // The prediction may still wait in memory; its texts refer to its row.
      await predictions.flush();
      if (await decide(c, text_id, { ...decision, editedText })) onFeedback();
      return c.json(await show(text_id), 200);
    })
    .openapi(assignRoute, async function assign(c) {
      const { text_id } = c.req.valid('param');
      await predictions.flush();
      await assignText(db, parseTextId(text_id), c.req.valid('json').assignee, nameCaller(c));
      return c.json(await show(text_id), 200);
    })
    .openapi(commentRoute, async function commentOn(c) {
      const { text_id } = c.req.valid('param');
      await predictions.flush();
      await commentOnText(db, parseTextId(text_id), c.req.valid('json').comment, nameCaller(c));
      return c.json(await show(text_id), 200);
    });
}

function showText(text: TextOnItsWay): z.infer<typeof textSchema> {
  const { original, editedText } = text;
  return renderAs(textSchema, { ...text, text: editedText ?? original, edited: editedText !== null });
}
