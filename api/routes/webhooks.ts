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

type Deps = { readonly receiveWebhook: ReceiveWebhook; readonly webhooksPerS: number };

export async function webhookRoutes(
  app: Api,
  { receiveWebhook, webhooksPerS }: Deps,
): Promise<void> {
  await app.register(async function rawWebhooks(plain) {
    plain.removeAllContentTypeParsers();
    plain.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    const raw = withSchemaTypes(plain);
    const rateLimit = { max: webhooksPerS, timeWindow: 1_000, keyGenerator: () => 'stripe' };
    const options = { bodyLimit: largestBytes, schema, config: { rateLimit } };
    raw.post('/v1/webhooks/stripe', options, async (request, reply) => {
      const signature = String(request.headers['stripe-signature'] ?? '');
      const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      await receiveWebhook({ rawBody, signature });
      return send(reply, { status: 200, body: { received: true } });
    });
  });
}
