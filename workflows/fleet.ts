// One call to a partner fleet, retried by the engine until it is answered or its time is up. Silence is an answer too.

import { proxyActivities } from '@temporalio/workflow';
import type { PartnerActivities } from '../activities/contract.ts';
import type { PartnerResult } from '../domain/messages.ts';
import type { OrderFacts } from '../domain/order.ts';
import type { PartnerCall } from '../domain/partner.ts';
import { askInTime } from './patience.ts';

export async function askFleet(facts: OrderFacts, call: PartnerCall): Promise<PartnerResult> {
  const answer = await askInTime(facts, call, (giveUpAt) => {
    const { askPartner } = proxyActivities<PartnerActivities>({
      startToCloseTimeout: '20s',
      scheduleToCloseTimeout: giveUpAt - Date.now(),
      retry: { initialInterval: '500ms', maximumInterval: '15s' },
      summary: inWords[call.step],
    });
    return askPartner({ orderId: facts.orderId, call });
  });
  return answer ?? { kind: 'partnerUnanswered' };
}

const inWords: Readonly<Record<PartnerCall['step'], string>> = {
  quote: 'ask a partner fleet for its price',
  create: 'ask the partner fleet to bring it',
  check: 'ask the partner fleet how far it is',
  cancel: 'cancel the partner fleet',
};
