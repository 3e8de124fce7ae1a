// A tip after the delivery from request to the driver's account, beside an order that is long complete.

import { proxyActivities } from '@temporalio/workflow';
import type { TipActivities, TipStep } from '../activities/contract.ts';
import type { OrderId } from '../domain/ids.ts';
import { tipChangedSignal } from '../domain/money-messages.ts';
import { untilOver } from './steps.ts';

export type TipInput = { readonly orderId: OrderId; readonly n: number };

const { advanceTip } = proxyActivities<TipActivities>({
  taskQueue: 'payments',
  startToCloseTimeout: '20s',
  // Without end: what may be held on a card is let go; after three days a person is told.
  retry: { initialInterval: '1s', maximumInterval: '1m' },
  summary: 'take the tip to its next state',
});

/** Workflow id `tip:<orderId>:<n>`; started by the API and, should that be lost, by the housekeeping. */
export const tip = (input: TipInput): Promise<TipStep> =>
  untilOver({
    what: `Tip ${input.n} of \`${input.orderId}\``,
    signal: tipChangedSignal,
    waitsFor: 'until the payer confirms it',
    advance: () => advanceTip(input),
  });
