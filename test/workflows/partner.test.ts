// The partner fleet's rung on a real Temporal server: asked behind our own drivers, cancelled with the order.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../db/new-id.ts';
import {
  createWorld,
  factsOf,
  obligingFleet,
  orderIn,
  type World,
} from '../support/order-world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
}, 60_000);
afterAll(() => world.close());
afterEach(() => world.fleetAnswersWith(obligingFleet));

const assignment = () =>
  ({
    kind: 'assign',
    offerId: newId('offer'),
    driverId: newId('driver'),
    pickupEtaAt: Date.now() + 300_000,
  }) as const;
const done = expect.objectContaining({ kind: 'done' });
const notSearching = expect.objectContaining({
  kind: 'refused',
  refusal: expect.objectContaining({ code: 'not_searching' }),
});

describe('an order that no driver takes', () => {
  test('goes to the partner fleet when nobody is found, and is delivered and paid', async () => {
    const facts = factsOf({ partnerCapMinor: 1_000 });
    const order = orderIn(world, facts);
    await order.place();
    await order.seen('order.submitted');
    await order.send({ kind: 'accept' });
    await order.skipTime();
    expect(await order.result()).toMatchObject({
      status: 'completed',
      delivery: 'delivered',
      payment: 'captured',
    });
    expect(order.types()).toEqual(
      expect.arrayContaining([
        'delivery.partner_requested',
        'delivery.partner_confirmed',
        'delivery.partner_picked_up',
        'delivery.delivered',
      ]),
    );
    expect(order.types()).not.toContain('delivery.assigned');
  });

  test('a cancel while the partner fleet is being asked cancels it there too', async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    const steps: string[] = [];
    world.fleetAnswersWith(async (call) => {
      steps.push(call.step);
      if (call.step === 'create') await answered;
      return obligingFleet(call);
    });
    const rungs = [{ radiusM: 3_000, durationMs: 100 }];
    const order = orderIn(world, factsOf({ partnerCapMinor: 1_000, rungs }));
    await order.place();
    await order.seen('order.submitted');
    await order.send({ kind: 'accept', prepMs: 0 });
    await order.seen('delivery.partner_quoted');
    expect(await order.send(assignment())).toEqual(notSearching);
    expect(await order.send({ kind: 'cancel', by: 'merchant' })).toEqual(done);
    answer();
    expect(await order.result()).toMatchObject({ status: 'cancelled', delivery: 'cancelled' });
    expect(steps).toEqual(['quote', 'create', 'cancel']);
  });

  test('ends, with an incident, when the partner fleet never says that it is cancelled', async () => {
    world.fleetAnswersWith((call) =>
      call.step === 'cancel'
        ? { kind: 'partnerRefused', code: 'not_configured' }
        : obligingFleet(call),
    );
    const rungs = [{ radiusM: 3_000, durationMs: 100 }];
    const order = orderIn(world, factsOf({ partnerCapMinor: 1_000, rungs }));
    await order.place();
    await order.seen('order.submitted');
    await order.send({ kind: 'accept', prepMs: 0 });
    await order.seen('delivery.partner_confirmed');
    expect(await order.send({ kind: 'cancel', by: 'merchant' })).toEqual(done);
    await order.skipTime();
    expect(await order.result()).toMatchObject({ status: 'cancelled', delivery: 'cancelled' });
    expect(order.events()).toContainEqual(
      expect.objectContaining({ type: 'delivery.partner_cancel_failed', code: 'unanswered' }),
    );
  });
});
