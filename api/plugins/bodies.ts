// JSON bodies: Fastify's parser (which refuses `__proto__`), and an absent body counts as an empty one, so that a
// command without fields needs none.

import type { Api } from '../server.ts';

export function registerBodies(app: Api): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, {});
    else void parse(request, String(body), done);
  });
  app.addHook('preValidation', async (request) => {
    if (request.body === undefined && request.routeOptions.schema?.body !== undefined)
      request.body = {};
  });
}
