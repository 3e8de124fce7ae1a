// Renders whatever was thrown as a problem: refusals as they are, a database that is down as 503, anything else as
// a bug without details. Logged here once, without bodies.

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { comeBack, isProblem, problem, problemBody, statusOf, type Problem } from '../problems.ts';
import { send, type Api } from '../server.ts';

/** Also answers paths that do not exist (404) and methods that a path does not have (405, with `Allow`). */
export function registerErrors(app: Api): void {
  const methodsAt = watchRoutes(app);
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsAt(request.url.split('?')[0] ?? '');
    const found = methods.length > 0;
    const refused = found
      ? problem('method_not_allowed', `${request.method} is not among ${methods.join(', ')}`, {
          headers: { allow: methods.join(', ') },
        })
      : problem('not_found', 'there is no such route');
    return sendProblem(refused, request, reply);
  });
}

export function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const found = toProblem(error, request.routeOptions.bodyLimit);
  const status = statusOf(found);
  const { log } = request;
  if (found.code === 'internal') log.error({ err: error }, 'a bug');
  else if (status >= 500)
    log.warn({ code: found.code, cause: messageOf(error) }, 'something is away');
  else log.debug({ code: found.code }, 'the request was refused');
  return send(reply, {
    status,
    body: problemBody(found),
    headers: { ...found.headers, 'x-request-id': request.id },
  });
}

function toProblem(error: unknown, bodyLimit: number): Problem {
  if (isProblem(error))
    return isPath(error) ? problem('not_found', 'there is no such thing').problem : error.problem;
  const code = codeOf(error);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return tooLarge(bodyLimit);
  const known = fastifyProblems[code];
  if (known) return known;
  if (isDatabaseAway(error, code))
    return problem('storage_unavailable', 'nothing is known to be done', comeBack(2)).problem;
  const status = (error as Partial<FastifyError>).statusCode ?? 500;
  return status >= 400 && status < 500
    ? problem('invalid_request', 'the request cannot be read').problem
    : problem('internal', 'the error is logged under this request_id').problem;
}

const tooLarge = (limit: number): Problem =>
  problem('body_too_large', `a body may have ${limit} bytes`, {
    errors: [{ field: 'body', problem: 'is too large', limit }],
  }).problem;

/** An id in the path that has not even the form of one names nothing. */
const isPath = (error: Error): boolean =>
  'validationContext' in error && error.validationContext === 'params';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '');

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const unreadable = problem('invalid_request', 'the body is not valid JSON').problem;
const fastifyProblems: Readonly<Record<string, Problem | undefined>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: problem(
    'unsupported_media_type',
    'send Content-Type: application/json, or what the route names',
  ).problem,
  FST_ERR_CTP_INVALID_JSON_BODY: unreadable,
  FST_ERR_CTP_EMPTY_JSON_BODY: unreadable,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: problem(
    'invalid_request',
    'the body is not as long as Content-Length says',
  ).problem,
  FST_ERR_MAX_PARAM_LENGTH: problem('not_found', 'there is no such route').problem,
  FST_ERR_BAD_URL: problem('not_found', 'there is no such route').problem,
  FST_ERR_HANDLER_TIMEOUT: problem('outcome_unknown', 'the answer took too long', comeBack(2))
    .problem,
};

// PostgreSQL's classes 08 (connection), 53 (resources) and 57 (operator, also statement time-outs), and the socket's.
const awayCodes =
  /^(?:08|53|57)|^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ENOENT)$/;
const awayMessages =
  /timeout exceeded when trying to connect|Connection terminated|connection timeout|not queryable/i;

function isDatabaseAway(error: unknown, code: string): boolean {
  return awayCodes.test(code) || (error instanceof Error && awayMessages.test(error.message));
}

/** Remembers every route as it is registered: which methods does a path have? */
function watchRoutes(app: Api): (path: string) => readonly string[] {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replace(/:[^/]+/g, '[^/]+')}$`);
    const route = routes.get(url) ?? { pattern, methods: new Set<string>() };
    for (const one of [method].flat()) route.methods.add(one);
    routes.set(url, route);
  });
  return (path) => {
    const methods = [...routes.values()].flatMap(({ pattern, methods: own }) =>
      pattern.test(path) ? [...own] : [],
    );
    return [...new Set(methods)].toSorted();
  };
}
