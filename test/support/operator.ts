// A mobile-money operator, faked over HTTP, and our side of it; its news are taken in as the API does.

import { createCampayApi } from '../../adapters/campay.ts';
import { createMobileMoney } from '../../adapters/mobile-money.ts';
import { createNoupayApi } from '../../adapters/noupay.ts';
import type { Db } from '../../db/connect.ts';
import { claimPayment } from '../../db/payment-claims.ts';
import { saveWebhook } from '../../db/webhooks.ts';
import { parseId } from '../../domain/ids.ts';
import { startCampay } from '../../sandbox/mobile-money/campay.ts';
import { startNoupay } from '../../sandbox/mobile-money/noupay.ts';

export type Operator = Awaited<ReturnType<typeof startOperator>>;

export async function startOperator(db: Db, provider: 'campay' | 'noupay') {
  const fake = provider === 'campay' ? await startCampay() : await startNoupay();
  const at = { baseUrl: fake.url, timeoutMs: 400 };
  const port = createMobileMoney({
    provider,
    api:
      provider === 'campay'
        ? createCampayApi({ ...at, token: 't', webhookKey: 'secret' })
        : createNoupayApi({ ...at, apiKey: 'k', webhookSecret: 'secret' }),
    phoneOf: async () => '+237670000100',
    claim: (key, kind) => claimPayment(db, key, kind),
  });

  /** What the phone has confirmed. The payment's name. */
  async function collect(orderId: string, amountMinor: number): Promise<string> {
    const key = `${orderId}:authorize:1`;
    const asked = { orderId, attempt: 1, key, amountMinor, currency: 'XAF' };
    const answer = await port.authorize({ ...asked, paymentMethod: `${provider}:note_1` });
    if (answer.status !== 'requires_action') throw new Error(answer.status);
    fake.book.answer(answer.providerRef);
    return answer.providerRef;
  }

  /** All that it has said so far is received; what is not new is received again. */
  async function hear(): Promise<void> {
    for (const { body, headers } of fake.notices.waiting()) {
      const fact = await port.readWebhook({ rawBody: body, headers });
      if (fact.kind === 'refused' || fact.kind === 'ignored') throw new Error(fact.kind);
      const { eventId, type, providerRef } = fact;
      const orderId = parseId('order', fact.orderId ?? '');
      await saveWebhook(db, { provider, eventId, type, providerRef, orderId });
    }
  }

  /** The operator takes back what it had paid out under our keys that begin so. */
  const takeBack = (keysBegin: string): boolean =>
    fake.book
      .all()
      .filter(({ reference }) => reference.startsWith(keysBegin))
      .some(({ id }) => fake.book.takeBack(id));

  return { provider, fake, port, collect, hear, takeBack, method: `${provider}:note_1` };
}
