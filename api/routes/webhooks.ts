// Webhooks of payment providers. The body is read raw: its signature covers the bytes.

import { Type } from 'typebox';
import type { createReceiveWebhook } from '../actions/receive-webhook.ts';
import { send, withSchemaTypes, type Api } from '../server.ts';

type ReceiveWebhook = ReturnType<typeof createReceiveWebhook>;

const largestBytes = 1_048_576;
const schema = {
  summary: 'Stripe’s webhooks, signed',
  tags: ['webhooks'],
  response: { 200: Type.Object({ received: Type.Boolean() }) },
};

export async function webhookRoutes(app: Api, receiveWebhook: ReceiveWebhook): Promise<void> {
  await app.register(async function rawWebhooks(plain) {
    plain.removeAllContentTypeParsers();
    plain.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    const raw = withSchemaTypes(plain);
    const options = { bodyLimit: largestBytes, schema };
    raw.post('/v1/webhooks/stripe', options, async (request, reply) => {
      const signature = String(request.headers['stripe-signature'] ?? '');
      const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      await receiveWebhook({ rawBody, signature });
      return send(reply, { status: 200, body: { received: true } });
    });
  });
}
