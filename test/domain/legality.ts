// Which combinations of the three machines make sense, written down apart from the code. Called by walk.ts.

import { deadlinesOf } from '../../domain/lifecycle.ts';
import type { OrderState } from '../../domain/order.ts';

/** `captured` before the end: taken at once. */
const undone = ['voiding', 'voided', 'written_off', 'external', 'refused', 'captured'] as const;
const charged = ['capturing', 'capture_failed', 'captured', 'written_off', 'external'] as const;
const secured = ['authorized', 'captured', 'due', 'external'] as const;
const legalPayments: Readonly<Record<string, readonly string[]>> = {
  payment_pending: ['authorizing', 'requires_action', 'declined'],
  scheduled: [...secured, 'none'],
  pending: secured,
  awaiting_prescription: secured,
  accepted: secured,
  preparing: secured,
  ready: [...secured, 'capturing', 'capture_failed', 'voiding'],
  handed_over: ['capturing', 'capture_failed', 'voiding'],
  completed: ['captured', 'written_off', 'collected', 'remitted', 'short', 'external'],
  denied: undone,
  expired: undone,
  failed: [...undone, ...charged],
  cancelled: [...undone, ...charged, 'authorizing', 'declined', 'none'],
};
const onTheWay = [
  'searching',
  'confirmed',
  'arrived_at_pickup',
  'partner_requested',
  'partner_confirmed',
  'partner_cancelling',
] as const;
const withTheGoods = [
  'picked_up',
  'arrived_at_dropoff',
  'delivery_unconfirmed',
  'problem',
  'enroute_to_return',
  'arrived_at_return',
  'partner_picked_up',
  'partner_unconfirmed',
] as const;
const nobody = ['none', 'cancelled'] as const;
/** What a partner fleet may still have of an order that has ended. */
const leftBehind = ['partner_requested', 'partner_cancelling'] as const;
const legalDeliveries: Readonly<Record<string, readonly string[]>> = {
  payment_pending: ['none'],
  scheduled: ['none'],
  pending: ['none'],
  awaiting_prescription: ['none'],
  accepted: [...onTheWay, ...nobody],
  preparing: [...onTheWay, ...nobody],
  ready: [...onTheWay, ...withTheGoods, 'delivered', ...nobody],
  handed_over: nobody,
  completed: ['delivered', ...nobody],
  denied: ['none'],
  expired: ['none'],
  failed: ['cancelled', 'returned', 'discarded', 'none', ...leftBehind],
  cancelled: [...nobody, ...leftBehind],
};

const asksForEver = (state: OrderState): boolean =>
  'shortage' in state.order &&
  state.order.shortage !== undefined &&
  !deadlinesOf(state).some(({ machine, owner }) => machine === 'order' && owner === 'customer');

/** What is wrong with a combination. */
export function illegalities(state: OrderState): readonly string[] {
  const { order, delivery, payment, fulfilment, goodsOut, facts } = state;
  const delivered = delivery.status === 'delivered' && order.status === 'ready';
  const collected = nobody.some((status) => status === delivery.status);
  const alive = !['cancelled', 'failed', 'completed'].includes(order.status);
  const isHeld = ['card', 'paypal', 'wallet', 'split'].includes(facts.method);
  const takenEarly = isHeld && payment.status === 'captured' && alive;
  const hasIt: boolean = withTheGoods.some((status) => status === delivery.status);
  return [
    ...(legalPayments[order.status]?.includes(payment.status) ? [] : ['illegal payment']),
    ...(legalDeliveries[order.status]?.includes(delivery.status) ? [] : ['illegal delivery']),
    ...(takenEarly ||
    (isHeld && order.status === 'ready' && delivered === (payment.status === 'authorized'))
      ? ['captured at the wrong time']
      : []),
    ...(alive && fulfilment !== 'delivery' && !collected ? ['a driver for what is collected'] : []),
    ...(alive && fulfilment === 'delivery' && order.status === 'ready' && collected
      ? ['nobody delivers']
      : []),
    ...(hasIt && !goodsOut ? ['the goods are in two places'] : []),
    ...(asksForEver(state) ? ['the customer is asked for ever'] : []),
  ];
}
