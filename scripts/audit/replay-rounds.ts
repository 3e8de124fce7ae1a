// Plans stored dispatch rounds again: the same input must give the identical plan, to the last figure. Used by the
// audit, by `npm run replay-round` and by tests.

import type { StoredRound } from '../../db/rounds.ts';
import type { Plan } from '../../dispatch/decision.ts';
import { plan, type PlanInput } from '../../dispatch/plan.ts';
import type { Breach } from './data.ts';

/** Empty when the plan is the stored one. The caller gives rounds of this engine only. */
export function replay(round: StoredRound): readonly Breach[] {
  const again = JSON.stringify(plan(JSON.parse(round.input) as PlanInput));
  if (again === round.plan) return [];
  const [expected, actual] = [round.plan, again].map((text) => offersIn(JSON.parse(text) as Plan));
  return [
    {
      order: round.roundId,
      expected: expected ?? '',
      actual: expected === actual ? 'the same offers with other figures' : (actual ?? ''),
    },
  ];
}

export const offersIn = ({ offers }: Plan): string =>
  offers
    .map((offer) => `${offer.orders.map(({ orderId }) => orderId).join('+')} → ${offer.driverId}`)
    .join(', ') || 'no offer';
