export { addressOf, findBasePath } from './base-path.ts';
export { withoutNulls } from './absent-nulls.ts';
export { decoderOf, mediaTypeOf, toUtf8 } from './charset.ts';
export {
  describeError,
  handleError,
  handleErrorOf,
  handleNotFoundOf,
  messageFor,
  renderMlflowError,
  refuseOtherMethods,
  setRetryAfter,
  type ErrorShape,
} from './errors.ts';
export { createRoutes, jsonAnswer, route, type Route } from './route.ts';
export { createHangUpSignal, parseTimeoutHeader } from './patience.ts';
export { createPageQuery, pageKeys } from './page-query.ts';
export { refuseNul } from './refuse-nul.ts';
export { requireReachable } from './require-reachable.ts';
export { renderAs } from './render-as.ts';
export { requestLog } from './request-log.ts';
export { createRouter, toInvalidInput, type AppEnv, type Router } from './router.ts';
export { isLoopback } from './loopback.ts';
export { isProbe } from './probes.ts';
export { refuseOtherSites } from './same-site.ts';
export { traceRequests } from './trace-requests.ts';
export { limitBody, readUtf8Body, readUtf8Text, refuseEncodedBody } from './body.ts';
export { securityHeaders, setHeader } from './headers.ts';
export { answerUnparsed } from './unparsed.ts';
