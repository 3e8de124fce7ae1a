// What a partner fleet's events mean.

import { assertNever } from '../errors.ts';
import { hasEnded, type OrderState } from '../order.ts';
import type { DeliveryPart, PartnerHold } from '../parts.ts';
import type { EventOf } from './part.ts';

export type PartnerEvent = Extract<
  EventOf<'delivery'>,
  { readonly type: `delivery.partner_${string}` }
>;
type OfPartner = Extract<DeliveryPart, { readonly status: `partner_${string}` }>;

export function evolvePartner(state: OrderState, event: PartnerEvent): OrderState {
  const since = event.at;
  const become = (delivery: DeliveryPart): OrderState => ({ ...state, delivery });
  if (event.type === 'delivery.partner_requested') {
    const { delivery } = state;
    const searchSince = delivery.status === 'searching' ? delivery.since : since;
    return {
      ...become({ status: 'partner_requested', since, searchSince, quote: undefined }),
      partnerRequests: event.attempt,
    };
  }
  const delivery = ofPartner(state, event);
  const { searchSince } = delivery;
  switch (event.type) {
    case 'delivery.partner_quoted': {
      const { quoteRef, priceMinor } = event;
      return delivery.status === 'partner_requested'
        ? become({ ...delivery, quote: { quoteRef, priceMinor } })
        : state;
    }
    case 'delivery.partner_confirmed': {
      const { partnerRef, priceMinor, pickupEtaAt } = event;
      const hold = { partnerRef, priceMinor, searchSince, ...unasked };
      return become({ status: 'partner_confirmed', since, pickupEtaAt, ...hold });
    }
    case 'delivery.partner_checking':
      return 'checking' in delivery ? become(asked(delivery, event)) : state;
    case 'delivery.partner_unchanged':
      return 'checking' in delivery
        ? become({ ...delivery, checking: false, checkAgain: false })
        : state;
    case 'delivery.partner_picked_up': {
      const { partnerRef, dropoffEtaAt } = event;
      const hold = { partnerRef, priceMinor: priceOf(delivery), searchSince, ...unasked };
      return {
        ...become({ status: 'partner_picked_up', since, dropoffEtaAt, ...hold }),
        goodsOut: true,
      };
    }
    case 'delivery.partner_unconfirmed':
      return 'checking' in delivery
        ? become({ ...holdOf(delivery), status: 'partner_unconfirmed', since })
        : state;
    case 'delivery.partner_cancelling': {
      const partnerRef = 'partnerRef' in delivery ? delivery.partnerRef : undefined;
      const priceMinor = priceOf(delivery);
      return become({ status: 'partner_cancelling', since, searchSince, partnerRef, priceMinor });
    }
    case 'delivery.partner_repriced':
      return 'priceMinor' in delivery
        ? become({ ...delivery, priceMinor: event.priceMinor })
        : state;
    case 'delivery.partner_declined':
    case 'delivery.partner_cancelled':
    case 'delivery.partner_cancel_failed':
      return become(without(state, searchSince, since));
    default:
      return assertNever(event);
  }
}

const unasked = { checking: false, check: 0, checkAt: 0, checkAgain: false } as const;

type Held = Extract<OfPartner, PartnerHold>;

const asked = <H extends Held>(held: H, { sequence, at }: PartnerEvent): H =>
  held.checking
    ? { ...held, checkAgain: true }
    : { ...held, checking: true, check: sequence, checkAt: at };

const holdOf = ({ partnerRef, priceMinor, searchSince }: Held): PartnerHold => ({
  partnerRef,
  priceMinor,
  searchSince,
  ...unasked,
});

/** What is booked: nothing, before the partner has taken it. */
const priceOf = (delivery: OfPartner): number =>
  'priceMinor' in delivery ? delivery.priceMinor : 0;

/** The search for a driver goes on where it was left, unless nobody has to bring it any more. */
const without = (state: OrderState, searchSince: number, since: number): DeliveryPart =>
  hasEnded(state)
    ? { status: 'cancelled', since }
    : { status: 'searching', since: searchSince, plannedAt: since, escalated: false };

/** Only `decide` brings about what needs a partner, and only where there is one. */
function ofPartner({ delivery }: OrderState, { type }: PartnerEvent): OfPartner {
  switch (delivery.status) {
    case 'partner_requested':
    case 'partner_confirmed':
    case 'partner_picked_up':
    case 'partner_unconfirmed':
    case 'partner_cancelling':
      return delivery;
    default:
      throw new Error(`unexpected ${type} while the delivery is ${delivery.status}`);
  }
}
