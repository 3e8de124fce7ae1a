// The calls under way, and everything that may be answered to them: for the walks.

import type { Command } from '../../domain/messages.ts';
import type { OrderState } from '../../domain/order.ts';
import { partnerCallOf, type PartnerCall } from '../../domain/partner.ts';
import { paymentCallOf, type PaymentCall } from '../../domain/payment-call.ts';
import { captured, hour, say, seenAs, tooLate } from './lives.ts';

export type Called = { readonly giveUpAt: number; readonly answered: readonly Command[] };

/** The calls under way, with all that may be answered to them. */
export function callsOf(state: OrderState): readonly Called[] {
  const [payment, partner] = [paymentCallOf(state), partnerCallOf(state)];
  return [
    ...(payment ? [{ giveUpAt: payment.giveUpAt, answered: answersTo(payment, state) }] : []),
    ...(partner ? [{ giveUpAt: partner.giveUpAt, answered: answersOfPartner(partner) }] : []),
  ];
}

/** All that a partner fleet may answer to this call. */
function answersOfPartner(call: PartnerCall): readonly Command[] {
  switch (call.step) {
    case 'quote':
      return [say.quoted, say.tooDear, say.notBrought, say.partnerSilent];
    case 'create':
      return [say.fleetTakes, say.notBrought, say.partnerSilent];
    case 'check':
      return [
        ...(['pending', 'picked_up', 'delivered', 'returned', 'cancelled'] as const).map(
          (progress) => seenAs(progress),
        ),
        say.partnerSilent,
      ];
    case 'cancel':
      return [
        say.partnerOff,
        tooLate('picked_up'),
        tooLate('delivered'),
        tooLate('returned'),
        say.partnerSilent,
      ];
  }
}

/** The wallet had given its part when the card’s was lost. */
const halfTaken: Command = {
  kind: 'paymentCaptured',
  providerRef: 'wlt_1',
  amountMinor: 400,
  walletMinor: 400,
};

const holdMs = 7 * 24 * hour;

/** All that a provider may answer to this call. */
function answersTo(call: PaymentCall, { facts, attempts }: OrderState): readonly Command[] {
  const { method } = facts;
  const wasTried = attempts.capture > 0;
  const prepaid = method === 'mobile_money';
  const sentAt = 'firstSentAt' in call ? call.firstSentAt : call.giveUpAt;
  const yes = prepaid ? say.taken : { ...say.authorized, captureBefore: sentAt + holdMs };
  switch (call.step) {
    case 'authorize':
      return [yes, say.requiresAction, say.declined, say.unanswered, say.notExecuted];
    case 'check':
      return [yes, say.requiresAction, say.declined, say.unanswered];
    case 'capture':
      return [captured(call.amountMinor), say.captureFailed, say.captureLost, say.notExecuted];
    case 'release':
      return [say.voided, say.voidFailed, say.notExecuted];
    case 'void':
      return [
        say.voided,
        say.voidFailed,
        say.notExecuted,
        ...(prepaid ? [say.taken] : []),
        ...(method === 'split' && wasTried ? [halfTaken] : []),
      ];
  }
}
