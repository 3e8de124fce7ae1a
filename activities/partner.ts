// The calls to a partner fleet. What a courier must know of people goes to the partner and nowhere else; answers are
// definitive, whatever is not is thrown and asked again under the same key.

import type { CrashPoint } from '../adapters/crash-point.ts';
import type { DeliveryPartner, PartnerDelivery } from '../adapters/delivery-partner.ts';
import { isOutage } from '../adapters/outage.ts';
import type { Db } from '../db/connect.ts';
import { readErrand } from '../db/errands.ts';
import type { Vault } from '../db/vault.ts';
import { assertNever } from '../domain/errors.ts';
import type { OrderId } from '../domain/ids.ts';
import type { PartnerResult, PartnerTruth } from '../domain/messages.ts';
import type { PartnerCall } from '../domain/partner.ts';
import type { PartnerActivities } from './contract.ts';
import { retryable } from './retryable.ts';

type Dependencies = {
  /** Undefined: no partner fleet is configured. */
  readonly partner: DeliveryPartner | undefined;
  readonly db: Db;
  readonly vault: Vault;
  readonly crashPoint: CrashPoint;
};
type Request = { readonly orderId: OrderId; readonly call: PartnerCall };

export function createPartnerActivities(deps: Dependencies): PartnerActivities {
  const { partner, crashPoint } = deps;
  return {
    async askPartner(request: Request): Promise<PartnerResult> {
      if (!partner) return unable(request, 'not_configured');
      const tags = [request.call.step, request.orderId];
      await crashPoint('partner:before', tags);
      try {
        const result = await answerOf({ ...deps, partner }, request);
        await crashPoint('partner:after-effect', tags);
        return result;
      } catch (error) {
        throw isOutage(error) ? retryable(error.code, error.retryAfterMs) : error;
      }
    },
  };
}

/** Only a price is refused by us: of any later step the partner may know more than this worker does. */
function unable({ call }: Request, code: string): PartnerResult {
  if (call.step === 'quote') return { kind: 'partnerRefused', code };
  throw retryable(code, undefined);
}

type Asking = Dependencies & { readonly partner: DeliveryPartner };

async function answerOf(asking: Asking, { orderId, call }: Request): Promise<PartnerResult> {
  const { partner } = asking;
  switch (call.step) {
    case 'quote':
    case 'create':
      return errandAnswer(asking, { orderId, call });
    case 'check': {
      const delivery = await partner.track(call);
      // Not known to it (any more): as good as given up.
      if (!delivery) return { kind: 'partnerUnanswered' };
      return { kind: 'partnerSeen', progress: delivery.progress, ...truthOf(delivery) };
    }
    case 'cancel':
      return cancelAnswer(partner, call);
    default:
      return assertNever(call);
  }
}

type Errand = {
  readonly orderId: OrderId;
  readonly call: Extract<PartnerCall, { readonly step: 'quote' | 'create' }>;
};

async function errandAnswer(
  { partner, db, vault }: Asking,
  { orderId, call }: Errand,
): Promise<PartnerResult> {
  const errand = await readErrand(db, vault, orderId);
  if (typeof errand === 'string') return unable({ orderId, call }, errand);
  if (call.step === 'quote') {
    const estimate = await partner.estimate(errand);
    if (estimate.status === 'refused') return { kind: 'partnerRefused', code: estimate.code };
    const { quoteRef, priceMinor } = estimate;
    return { kind: 'partnerQuoted', quoteRef, priceMinor };
  }
  const { key, quoteRef, tipMinor } = call;
  const created = await partner.create({ ...errand, key, quoteRef, tipMinor });
  if (created.status === 'refused') return { kind: 'partnerRefused', code: created.code };
  const { delivery } = created;
  const ahead = delivery.progress === 'pending' ? {} : ({ isAhead: true } as const);
  return { kind: 'partnerConfirmed', ...ahead, ...truthOf(delivery) };
}

async function cancelAnswer(
  partner: DeliveryPartner,
  call: Extract<PartnerCall, { readonly step: 'cancel' }>,
): Promise<PartnerResult> {
  const answer = await partner.cancel(call);
  switch (answer.status) {
    case 'cancelled':
      return { kind: 'partnerCancelled', chargedMinor: answer.chargedMinor };
    case 'nothing_to_cancel':
      return { kind: 'partnerCancelled', chargedMinor: 0 };
    case 'too_late': {
      const { delivery, progress } = answer;
      return { kind: 'partnerTooLate', progress, ...truthOf(delivery) };
    }
    default:
      return assertNever(answer);
  }
}

const truthOf = ({
  partnerRef,
  priceMinor,
  pickupEtaAt,
  dropoffEtaAt,
  customerFault,
}: PartnerDelivery): PartnerTruth => ({
  partnerRef,
  priceMinor,
  pickupEtaAt,
  dropoffEtaAt,
  customerFault,
});
