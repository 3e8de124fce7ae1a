// Webhooks of payment providers. The body is read raw: its signature covers the bytes.

import { Type } from 'typebox';
import type { createReceiveWebhook } from '../actions/receive-webhook.ts';
import { send, withSchemaTypes, type Api } from '../server.ts';

type ReceiveWebhook = ReturnType<typeof createReceiveWebhook>;

const largestBytes = 1_048_576;
const names = { stripe: 'Stripe', paypal: 'PayPal', campay: 'CamPay', noupay: 'NouPay' } as const;
const providers = Object.keys(names) as readonly (keyof typeof names)[];

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
    for (const provider of providers) {
      const schema = {
        summary: `${names[provider]}’s webhooks, signed`,
        tags: ['webhooks'],
        response: { 200: Type.Object({ received: Type.Boolean() }) },
      };
      const rateLimit = { max: webhooksPerS, timeWindow: 1_000, keyGenerator: () => provider };
      const options = { bodyLimit: largestBytes, schema, config: { rateLimit } };
      raw.post(`/v1/webhooks/${provider}`, options, async (request, reply) => {
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, value?.toString()]),
        );
        const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        await receiveWebhook({ provider, incoming: { rawBody, headers } });
        return send(reply, { status: 200, body: { received: true } });
      });
    }
  });
}
