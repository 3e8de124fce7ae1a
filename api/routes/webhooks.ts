// Webhooks of payment providers. The body is read raw: its signature covers the bytes.

import type { createReceiveWebhook } from '../actions/receive-webhook.ts';
import { Type } from 'typebox';
import { withSchemaTypes, type Api } from '../server.ts';

const largestBytes = 1_048_576;

export function webhookRoutes(app: Api, receiveWebhook: ReturnType<typeof createReceiveWebhook>): void {
  app.register(async function rawWebhooks(plain) {
    plain.removeAllContentTypeParsers();
    plain.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    withSchemaTypes(plain).post(
      '/v1/webhooks/stripe',
      {
        bodyLimit: largestBytes,
        schema: {
          summary: 'Stripe’s webhooks, signed',
          tags: ['webhooks'],
          response: { 200: Type.Object({ received: Type.Boolean() }) },
        },
      },
      async (request) => {
        const signature = String(request.headers['stripe-signature'] ?? '');
        const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        await receiveWebhook({ rawBody, signature });
        return { received: true };
      },
    );
  });
}
