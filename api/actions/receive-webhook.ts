// A payment provider's webhook: kept once, and told to the order only if it waits for it. A webhook is a hint that
// something happened; the order asks the provider what.

import type { OrderEngine } from '../../adapters/order-engine.ts';
import type { RemoteProvider } from '../../adapters/payment-ports.ts';
import { isOutage } from '../../adapters/outage.ts';
import type { Incoming, PaymentPort } from '../../adapters/payment-port.ts';
import type { Db } from '../../db/connect.ts';
import { webhookDone } from '../../db/upkeep.ts';
import {
  reportUnexpected,
  saveWebhook,
  webhookVerdict,
  type ProviderWebhook,
} from '../../db/webhooks.ts';
import { parseId } from '../../domain/ids.ts';
import type { Logger } from '../../log.ts';
import { comeBack, problem } from '../problems.ts';

type Deps = {
  readonly db: Db;
  readonly engine: Pick<OrderEngine, 'paymentSettled'>;
  readonly ports: WebhookPorts;
  readonly log: Logger;
};

/** Those that are set up here. */
export type WebhookPorts = {
  readonly [P in RemoteProvider]?:
    | Pick<PaymentPort, 'readWebhook' | 'submitEvidence' | 'findRefund'>
    | undefined;
};
type Arrived = { readonly provider: RemoteProvider; readonly incoming: Incoming };

export function createReceiveWebhook({ db, engine, ports, log }: Deps) {
  /** Repeatable. Throws not_found, invalid_signature. What cannot be told now stays open and is looked at again. */
  return async function receiveWebhook({ provider, incoming }: Arrived): Promise<void> {
    const port = ports[provider];
    if (!port) throw problem('not_found', `${provider} is not set up here`);
    const fact = await port.readWebhook(incoming).catch((error: unknown) => {
      // The provider sends it again.
      throw isOutage(error)
        ? problem('provider_unavailable', 'the provider could not be asked', comeBack(60))
        : error;
    });
    if (fact.kind === 'refused')
      throw problem('invalid_signature', 'the signature is missing, wrong or too old');
    const { eventId, type } = fact;
    const about = fact.kind === 'ignored' ? undefined : fact;
    const orderId = parseId('order', about?.orderId ?? '');
    const webhook: ProviderWebhook = {
      provider,
      eventId,
      type,
      providerRef: about?.providerRef,
      orderId,
    };
    if (await saveWebhook(db, webhook)) return;
    // The housekeeping asks the provider about refunds, disputes and payouts: no running order waits for them.
    if (fact.kind !== 'payment_changed' && fact.kind !== 'ignored') return;
    if (await isSettled(webhook)) await webhookDone(db, { provider, eventId, now: new Date() });
  };

  async function isSettled(webhook: ProviderWebhook): Promise<boolean> {
    const verdict = await webhookVerdict(db, webhook);
    if (verdict.kind === 'done') await reportUnexpected(db, webhook, new Date());
    if (verdict.kind !== 'tell') return verdict.kind === 'done';
    const { orderId, providerRef } = verdict;
    try {
      await engine.paymentSettled({ orderId, providerRef });
      return true;
    } catch (error) {
      log.warn({ err: error, order_id: orderId }, 'a webhook could not be told to its order yet');
      return false;
    }
  }
}
