// A partner fleet's webhook: kept once, and told to its order, which asks the partner what has happened. The order asks by
// itself from time to time, so that one which comes before the order knows its delivery may be let go.

import type { DeliveryPartner } from '../../adapters/delivery-partner.ts';
import type { OrderEngine } from '../../adapters/order-engine.ts';
import type { Incoming } from '../../adapters/payment-port.ts';
import type { Db } from '../../db/connect.ts';
import { webhookDone } from '../../db/upkeep.ts';
import { partnerFleet, saveWebhook } from '../../db/webhooks.ts';
import { parseId } from '../../domain/ids.ts';
import { problem } from '../problems.ts';

type Deps = {
  readonly db: Db;
  readonly engine: Pick<OrderEngine, 'partnerDeliveryChanged'>;
  readonly partner: Pick<DeliveryPartner, 'readWebhook'>;
};

export function createHearPartner({ db, engine, partner }: Deps) {
  /** Repeatable. Throws invalid_signature, and what keeps it from being told: the housekeeping tells it then. */
  return async function hearPartner(incoming: Incoming): Promise<void> {
    const fact = partner.readWebhook(incoming);
    if (fact.kind === 'refused')
      throw problem('invalid_signature', 'the signature is missing or wrong');
    const { eventId, type } = fact;
    const provider = partnerFleet;
    const about = fact.kind === 'ignored' ? undefined : fact;
    const orderId = parseId('order', about?.orderId ?? '');
    const partnerRef = about?.partnerRef;
    if (await saveWebhook(db, { provider, eventId, type, providerRef: partnerRef, orderId }))
      return;
    if (orderId && partnerRef !== undefined)
      await engine.partnerDeliveryChanged({ orderId, partnerRef });
    await webhookDone(db, { provider, eventId, now: new Date() });
  };
}
