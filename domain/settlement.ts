// Who pays and who is paid when an order ends: one table, end reason × stage. Every cell sums to zero, because
// the platform takes or bears what the other parties leave.

import { shareOf } from './money.ts';
import type { EndReason, OrderFacts, OrderState } from './order.ts';

/** Minor units. What the customer pays is shared out: customer = merchant + driver + platform. */
export type Settlement = {
  readonly customerMinor: number;
  readonly merchantMinor: number;
  readonly driverMinor: number;
  /** Negative when the platform bears a loss. */
  readonly platformMinor: number;
};

/** How far an order had come when it ended. */
export const stages = ['before_accept', 'preparing', 'assigned', 'picked_up', 'delivered'] as const;
export type Stage = (typeof stages)[number];

export function stageOf(state: OrderState): Stage {
  switch (state.delivery.status) {
    case 'none':
      return 'before_accept';
    case 'searching':
    case 'cancelled':
      return 'preparing';
    case 'confirmed':
      return 'assigned';
    case 'picked_up':
    case 'delivery_unconfirmed':
      return 'picked_up';
    case 'delivered':
      return 'delivered';
  }
}

type Cell = (facts: OrderFacts) => Omit<Settlement, 'platformMinor'>;

const goodsLessCommission = (facts: OrderFacts): number =>
  facts.goodsMinor - shareOf(facts.goodsMinor, facts.commissionBps);

const nothing: Cell = () => ({ customerMinor: 0, merchantMinor: 0, driverMinor: 0 });
const goodsPaid: Cell = (facts) => ({
  customerMinor: facts.goodsMinor,
  merchantMinor: goodsLessCommission(facts),
  driverMinor: 0,
});
const goodsAndDriverPaid: Cell = (facts) => ({
  customerMinor: facts.goodsMinor + facts.deliveryFeeMinor,
  merchantMinor: goodsLessCommission(facts),
  driverMinor: facts.driverPayMinor,
});
const platformBears =
  (driverPaid: boolean): Cell =>
  (facts) => ({
    customerMinor: 0,
    merchantMinor: goodsLessCommission(facts),
    driverMinor: driverPaid ? facts.driverPayMinor : 0,
  });
const delivered: Cell = (facts) => ({
  customerMinor: facts.totalMinor,
  merchantMinor: goodsLessCommission(facts),
  driverMinor: facts.driverPayMinor + facts.tipMinor,
});

/** A missing cell cannot happen: `settle` refuses it as a bug. */
export const settlementTable: Readonly<
  Record<EndReason | 'delivered', Partial<Record<Stage, Cell>>>
> = {
  delivered: { delivered },
  cancelled_by_customer: {
    before_accept: nothing,
    preparing: goodsPaid,
    assigned: goodsAndDriverPaid,
  },
  cancelled_by_merchant: { before_accept: nothing, preparing: nothing, assigned: nothing },
  cancelled_by_support: {
    before_accept: nothing,
    preparing: platformBears(false),
    assigned: platformBears(true),
  },
  merchant_denied: { before_accept: nothing },
  merchant_expired: { before_accept: nothing },
  payment_failed: { before_accept: nothing },
  payment_not_completed: { before_accept: nothing },
  failed_to_assign: { preparing: platformBears(false), assigned: platformBears(false) },
  failed_to_deliver: { picked_up: platformBears(true) },
};

/** Source: the settlement table of `docs/lifecycle.md`. Throws on a cell that the lifecycle cannot reach. */
export function settle(facts: OrderFacts, end: EndReason | 'delivered', stage: Stage): Settlement {
  const cell = settlementTable[end][stage];
  if (!cell) throw new Error(`no settlement for ${end} at ${stage}`);
  const { customerMinor, merchantMinor, driverMinor } = cell(facts);
  return {
    customerMinor,
    merchantMinor,
    driverMinor,
    platformMinor: customerMinor - merchantMinor - driverMinor,
  };
}
