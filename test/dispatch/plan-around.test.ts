// Rows that nothing can be planned with cost the rest of the market nothing.

import { expect, test } from 'vitest';
import { planAround } from '../../dispatch/plan-around.ts';
import { plan, type PlanInput } from '../../dispatch/plan.ts';
import { at, delivery, driver, driverId, order, orderId, policy, snapshot } from './city.ts';

const around = (input: PlanInput) => planAround(input, async (each) => plan(each));
const nowhere = { lat: Number.NaN, lng: 0 };

/** Ten orders with a driver each, a kilometre apart. */
const town = snapshot(
  Array.from({ length: 10 }, (_, n) => order(n, at(1_000 * n))),
  Array.from({ length: 10 }, (_, n) => driver(n, at(1_000 * n))),
);

test('a healthy market is planned as it is', async () => {
  const input = { snapshot: town, policy, seed: 1 };
  expect(await around(input)).toEqual({ input, plan: plan(input), aside: [] });
});

test('orders and drivers that are no good are set aside, each with the reason, and the others planned', async () => {
  const [pickup] = delivery(99, at(0), at(0));
  const bad = {
    ...town,
    orders: town.orders.with(3, order(3, nowhere)).with(4, order(4, at(0), { dropoff: nowhere })),
    drivers: town.drivers.with(7, driver(7, at(0), { route: pickup ? [pickup] : [] })),
  };
  const found = await around({ snapshot: bad, policy, seed: 1 });
  expect(found.aside).toMatchObject([
    { driver: { driverId: driverId(7) }, why: 'the route of drv_0007 never drops off ord_0099' },
    { order: { orderId: orderId(3) }, why: 'a place has no coordinates' },
    { order: { orderId: orderId(4) }, why: 'a place has no coordinates' },
  ]);
  expect(found.plan.offers).toHaveLength(8);
  expect(plan(found.input)).toEqual(found.plan);
});

test('a policy that nothing can be planned with is nobody’s fault', async () => {
  const odd = { kind: 'no such travel' } as unknown as undefined;
  const input = { snapshot: { ...town, travel: odd }, policy, seed: 1 };
  await expect(around(input)).rejects.toThrow('unexpected');
});
