// A partner fleet with books of its own, for random lives: it takes orders or not, drives, gives up, and answers or not.

import type { OrderEvent } from '../../domain/events.ts';
import type { PartnerAnswer, PartnerTruth } from '../../domain/messages.ts';
import type { PartnerCall } from '../../domain/partner.ts';
import type { PartnerProgress } from '../../domain/parts.ts';
import { minute } from './lives.ts';

type Delivery = { progress: PartnerProgress; priceMinor: number };
export type Fleet = {
  /** At most one: the policy asks once. */
  delivery: Delivery | undefined;
  readonly answers: PartnerAnswer[];
};
type Luck = {
  readonly fleet: Fleet;
  readonly draw: (n: number) => number;
  readonly now: number;
};

export const openFleet = (): Fleet => ({ delivery: undefined, answers: [] });

/** Free until the goods are gone. */
const cancelled = { progress: 'cancelled', priceMinor: 0 } as const;
const steps: readonly PartnerProgress[] = ['pending', 'picked_up', 'delivered'];

/** What it does and says, also when nobody hears it. `draw` 0 is the obliging answer. */
export function askFleet({ fleet, draw, now }: Luck, call: PartnerCall): PartnerAnswer {
  const answer = { ...answerOf({ fleet, draw, now }, call), key: call.key };
  fleet.answers.push(answer);
  return answer;
}

function answerOf({ fleet, draw, now }: Luck, call: PartnerCall): PartnerAnswer {
  const silent = { kind: 'partnerUnanswered' } as const;
  switch (call.step) {
    case 'quote': {
      const luck = draw(8);
      if (luck === 6) return { kind: 'partnerRefused', code: 'couriers_busy' };
      return luck === 7
        ? silent
        : { kind: 'partnerQuoted', quoteRef: 'dqt_1', priceMinor: luck === 5 ? 5_000 : 700 };
    }
    case 'create': {
      const luck = draw(8);
      if (luck === 6) return { kind: 'partnerRefused', code: 'expired_quote' };
      if (luck === 5) return silent;
      fleet.delivery ??= { progress: 'pending', priceMinor: 700 + call.tipMinor };
      if (luck === 7) return silent;
      return {
        kind: 'partnerConfirmed',
        ...(fleet.delivery.progress === 'pending' ? {} : { isAhead: true }),
        ...truthOf(fleet, { draw, now }),
      };
    }
    case 'check':
      if (draw(6) === 5 || !fleet.delivery) return silent;
      // What it charges from here on is what it says.
      drive(fleet, draw);
      return {
        kind: 'partnerSeen',
        progress: fleet.delivery.progress,
        ...truthOf(fleet, { draw, now }),
      };
    case 'cancel': {
      const { delivery } = fleet;
      if (draw(6) === 5) return silent;
      if (!delivery) return { kind: 'partnerCancelled', chargedMinor: 0 };
      const { progress } = delivery;
      if (progress === 'pending') fleet.delivery = cancelled;
      return progress === 'pending' || progress === 'cancelled'
        ? { kind: 'partnerCancelled', chargedMinor: fleet.delivery?.priceMinor ?? 0 }
        : { kind: 'partnerTooLate', progress, ...truthOf(fleet, { draw, now }) };
    }
  }
}

/** Onwards, back, or out. */
function drive(fleet: Fleet, draw: Luck['draw']): void {
  const { delivery } = fleet;
  const at = steps.indexOf(delivery?.progress ?? 'delivered');
  const next = steps[at + 1];
  if (!delivery || at < 0 || !next) return;
  const luck = draw(8);
  const { priceMinor } = delivery;
  if (luck === 7)
    fleet.delivery = at === 0 ? cancelled : { progress: 'returned', priceMinor: priceMinor + 300 };
  else if (luck === 6 && at === 1) fleet.delivery = { priceMinor: 200, progress: 'cancelled' };
  else if (luck < 5) fleet.delivery = { ...delivery, progress: next };
}

const truthOf = ({ delivery }: Fleet, { draw, now }: Pick<Luck, 'draw' | 'now'>): PartnerTruth => ({
  partnerRef: 'del_1',
  priceMinor: delivery?.priceMinor ?? 0,
  pickupEtaAt: now + 10 * minute,
  dropoffEtaAt: now + 30 * minute,
  customerFault: draw(2) === 1,
});

/** What the ledger must say is owed: nothing that was never confirmed, and what was booked while nobody answers. */
export function owedTo({ delivery }: Fleet, log: readonly OrderEvent[]): number {
  const booked = log.flatMap((event) =>
    event.type === 'delivery.partner_confirmed' || event.type === 'delivery.partner_repriced'
      ? [event.priceMinor]
      : [],
  );
  const unknown = log.some(
    (event) => event.type === 'delivery.partner_cancel_failed' && event.code === 'unanswered',
  );
  if (unknown) return booked.at(-1) ?? 0;
  return delivery?.priceMinor ?? 0;
}
