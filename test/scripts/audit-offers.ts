// The offers by which made-up orders came to their drivers.

import type { AuditData, AuditedOrder } from '../../scripts/audit/data.ts';

/** From the making of an offer until its yes reached the order. */
export const offeredForMs = 1;

export const offersOf = ({
  facts,
  events,
}: Pick<AuditedOrder, 'facts' | 'events'>): AuditData['offers'] =>
  events.flatMap((event) =>
    event.type === 'delivery.assigned'
      ? [
          {
            offerId: event.offerId,
            orderId: facts.orderId,
            search: 1,
            driverId: event.driverId,
            madeAt: new Date(event.at - offeredForMs),
            offerStatus: 'accepted',
            status: 'assigned',
            bonusMinor: event.bonusMinor ?? 0,
          },
        ]
      : [],
  );
