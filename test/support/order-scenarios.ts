// The paths through an order's life that are worth a golden history.

import { newId } from '../../db/new-id.ts';
import type { OrderFacts } from '../../domain/order.ts';
import { factsOf, obliging, obligingFleet, type Handle, type World } from './order-world.ts';

const assignment = () =>
  ({
    kind: 'assign',
    offerId: newId('offer'),
    driverId: newId('driver'),
    pickupEtaAt: Date.now() + 300_000,
  }) as const;

async function placed(order: Handle): Promise<void> {
  await order.place();
  await order.seen('order.submitted');
}

async function carried(order: Handle): Promise<ReturnType<typeof assignment>['driverId']> {
  const assign = assignment();
  await order.send(assign);
  await order.send({ kind: 'pickUp', driverId: assign.driverId });
  return assign.driverId;
}

const pickup = {
  fulfilment: 'pickup',
  deliveryFeeMinor: 0,
  totalMinor: 2_050,
  travelMs: 0,
} as const;

/** Orders that are not the plain one. A scheduled one is released after a second, in a run of its own. */
export const scenarioFacts: Readonly<Record<string, () => OrderFacts>> = {
  collected: () => factsOf({}, pickup),
  'not-collected': () => factsOf({}, pickup),
  'paid-in-cash': () => factsOf({}, { method: 'cash', paymentMethod: '' }),
  'paid-by-phone': () =>
    factsOf({}, { method: 'mobile_money', paymentMethod: 'campay:payer', currency: 'XAF' }),
  'prescription-rejected': () => factsOf({}, { goodsKind: 'pharmacy', prescription: true }),
  'brought-by-a-partner': () => factsOf({ partnerCapMinor: 1_000 }),
  'partner-declines': () => factsOf({ partnerCapMinor: 1_000 }),
  scheduled: () =>
    factsOf({ prepEstimateMs: 100, scheduleMarginMs: 100 }, { promisedAt: Date.now() + 601_500 }),
};

/** Each plays an order to an end that comes by itself or by its last command. */
export const scenarios: Readonly<Record<string, (world: World, order: Handle) => Promise<void>>> = {
  async delivered(_world, order) {
    await placed(order);
    await order.send({ kind: 'accept' });
    await order.send({ kind: 'markReady' });
    const driverId = await carried(order);
    await order.send({ kind: 'deliver', driverId });
  },
  async collected(_world, order) {
    await placed(order);
    await order.send({ kind: 'accept' });
    await order.send({ kind: 'handOver' });
  },
  async 'not-collected'(_world, order) {
    await placed(order);
    await order.send({ kind: 'accept' });
    await order.send({ kind: 'markReady' });
    await order.skipTime();
  },
  async 'paid-in-cash'(_world, order) {
    await order.place();
    await order.send({ kind: 'accept', prepMs: 0 });
    const driverId = await carried(order);
    await order.send({ kind: 'deliver', driverId, collectedMinor: 2_350 });
    await order.send({ kind: 'remitCash', amountMinor: 2_350 });
  },
  async 'prescription-rejected'(_world, order) {
    await placed(order);
    await order.send({ kind: 'accept' });
    await order.send({ kind: 'rejectPrescription' });
  },
  async scheduled(_world, order) {
    await order.place();
    await order.seen('order.submitted');
    await order.send({ kind: 'deny', code: 'capacity' });
  },
  async 'missing-goods'(_world, order) {
    await placed(order);
    await order.send({ kind: 'accept' });
    await order.send({ kind: 'reportShortage', line: 0, quantity: 1, missingMinor: 950 });
    await order.send({ kind: 'answerShortage', answer: 'remove' });
    await order.send({ kind: 'markReady' });
    const driverId = await carried(order);
    await order.send({ kind: 'deliver', driverId });
  },
  async 'brought-back'(_world, order) {
    await placed(order);
    await order.send({ kind: 'accept', prepMs: 0 });
    const driverId = await carried(order);
    await order.send({ kind: 'arriveAtDropoff', driverId });
    await order.send({ kind: 'failDropoff', driverId, reason: 'refused' });
    await order.send({ kind: 'completeReturn', driverId });
  },
  async 'problem-on-the-road'(_world, order) {
    await placed(order);
    await order.send({ kind: 'accept', prepMs: 0 });
    const driverId = await carried(order);
    await order.send({ kind: 'reportProblem', driverId, problem: 'lost' });
    await order.skipTime();
  },
  async denied(_world, order) {
    await placed(order);
    await order.send({ kind: 'deny', code: 'capacity' });
  },
  async expired(_world, order) {
    await placed(order);
    await order.skipTime();
  },
  async 'cancelled-while-preparing'(_world, order) {
    await placed(order);
    await order.send({ kind: 'accept' });
    await order.send({ kind: 'cancel', by: 'customer' });
  },
  async 'failed-to-assign'(_world, order) {
    await placed(order);
    await order.send({ kind: 'accept' });
    await order.skipTime();
  },
  async 'brought-by-a-partner'(world, order) {
    await placed(order);
    await order.send({ kind: 'accept' });
    await order.skipTime();
    await order.seen('delivery.partner_confirmed');
    await world.engine.partnerDeliveryChanged({ orderId: order.orderId, partnerRef: 'del_1' });
  },
  async 'partner-declines'(world, order) {
    world.fleetAnswersWith((call) =>
      call.step === 'create'
        ? { kind: 'partnerRefused', code: 'couriers_busy' }
        : obligingFleet(call),
    );
    await placed(order);
    await order.send({ kind: 'accept' });
    await order.skipTime();
  },
  async 'driver-replaced'(_world, order) {
    await placed(order);
    await order.send({ kind: 'accept', prepMs: 0 });
    const first = assignment();
    await order.send(first);
    await order.send({ kind: 'abandon', driverId: first.driverId });
    const driverId = await carried(order);
    await order.send({ kind: 'deliver', driverId });
  },
  async 'delivery-unconfirmed'(_world, order) {
    await placed(order);
    await order.send({ kind: 'accept', prepMs: 0 });
    await carried(order);
    await order.skipTime();
  },
  async 'declined-then-paid'(world, order) {
    world.answerWith((call) =>
      call.key.endsWith('authorize:1')
        ? { kind: 'paymentDeclined', code: 'insufficient_funds' }
        : obliging(call),
    );
    await order.place();
    await order.seen('payment.declined');
    await order.send({ kind: 'retryPayment', paymentMethod: 'pm_card_mastercard' });
    await order.seen('order.submitted');
    await order.send({ kind: 'cancel', by: 'customer' });
  },
  async 'never-paid'(world, order) {
    world.answerWith((call) =>
      call.step === 'void'
        ? obliging(call)
        : { kind: 'paymentRequiresAction', providerRef: 'pi_3ds' },
    );
    await order.place();
    await order.seen('payment.requires_action');
    await order.skipTime();
  },
  async 'three-d-secure'(world, order) {
    world.answerWith((call) =>
      call.step === 'authorize'
        ? { kind: 'paymentRequiresAction', providerRef: 'pi_3ds' }
        : obliging(call),
    );
    await order.place();
    await order.seen('payment.requires_action');
    await world.engine.paymentSettled({ orderId: order.orderId, providerRef: 'pi_3ds' });
    await order.seen('order.submitted');
    await order.send({ kind: 'cancel', by: 'customer' });
  },
  async 'paid-by-phone'(world, order) {
    world.answerWith((call) =>
      call.step === 'authorize'
        ? { kind: 'paymentRequiresAction', providerRef: 'txn_1' }
        : { kind: 'paymentCaptured', providerRef: 'txn_1', amountMinor: 2_350 },
    );
    await order.place();
    await order.seen('payment.requires_action');
    await world.engine.paymentSettled({ orderId: order.orderId, providerRef: 'txn_1' });
    await order.seen('order.submitted');
    await order.send({ kind: 'accept' });
    const driverId = await carried(order);
    await order.send({ kind: 'deliver', driverId });
  },
  async 'capture-lost'(world, order) {
    world.answerWith((call) =>
      call.step === 'capture'
        ? { kind: 'paymentCaptureFailed', code: 'hold_expired', final: true }
        : obliging(call),
    );
    await placed(order);
    await order.send({ kind: 'accept', prepMs: 0 });
    const driverId = await carried(order);
    await order.send({ kind: 'deliver', driverId });
  },
};
