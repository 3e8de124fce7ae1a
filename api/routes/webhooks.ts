// Webhooks of payment providers and partner fleets. The body is read raw: its signature covers the bytes.

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Incoming } from '../../adapters/payment-port.ts';
import type { createHearPartner } from '../actions/hear-partner.ts';
import type { createReceiveWebhook } from '../actions/receive-webhook.ts';
import { notFound } from '../problems.ts';
import { send, withSchemaTypes, type Api } from '../server.ts';

type ReceiveWebhook = ReturnType<typeof createReceiveWebhook>;

const largestBytes = 1_048_576;
const names = { stripe: 'Stripe', paypal: 'PayPal', campay: 'CamPay', noupay: 'NouPay' } as const;
const providers = Object.keys(names) as readonly (keyof typeof names)[];
const schemaOf = (summary: string) => ({
  summary,
  tags: ['webhooks'],
  response: { 200: Type.Object({ received: Type.Boolean() }) },
});

/** All who send the same are counted together. */
function optionsFor(webhooksPerS: number, summary: string) {
  const rateLimit = { max: webhooksPerS, timeWindow: 1_000, keyGenerator: () => summary };
  return { bodyLimit: largestBytes, schema: schemaOf(summary), config: { rateLimit } };
}

type Deps = {
  readonly receiveWebhook: ReceiveWebhook;
  /** Undefined: there is no partner fleet. */
  readonly hearPartner: ReturnType<typeof createHearPartner> | undefined;
  readonly webhooksPerS: number;
};

const incomingOf = ({ body, headers }: Pick<FastifyRequest, 'body' | 'headers'>): Incoming => ({
  rawBody: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
  headers: Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value?.toString()]),
  ),
});

export async function webhookRoutes(
  app: Api,
  { receiveWebhook, hearPartner, webhooksPerS }: Deps,
): Promise<void> {
  await app.register(async function rawWebhooks(plain) {
    plain.removeAllContentTypeParsers();
    plain.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    const raw = withSchemaTypes(plain);
    for (const provider of providers) {
      const options = optionsFor(webhooksPerS, `${names[provider]}’s webhooks, signed`);
      raw.post(`/v1/webhooks/${provider}`, options, async (request, reply) => {
        await receiveWebhook({ provider, incoming: incomingOf(request) });
        return send(reply, { status: 200, body: { received: true } });
      });
    }
    const fleet = optionsFor(webhooksPerS, 'A partner fleet’s webhooks, signed');
    raw.post('/v1/webhooks/partner-fleet', fleet, async (request, reply) => {
      if (!hearPartner) throw notFound('partner fleet');
      await hearPartner(incomingOf(request));
      return send(reply, { status: 200, body: { received: true } });
    });
  });
}
