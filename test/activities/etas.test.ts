// Routes under way are timed once in a while, and what has moved is told: what a round sends, when, and to whom.

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDispatchActivities } from '../../activities/dispatch.ts';
import type { OrderEngine } from '../../adapters/order-engine.ts';
import type { OrderId } from '../../domain/ids.ts';
import { createMarket, start, type Market } from '../db/market.ts';

type Sent = Parameters<OrderEngine['send']>[0];

const tickMs = 60_000;
const etaChangeMs = 300_000;

let market: Market;
let sent: Sent[];
let now: number;
beforeEach(async () => {
  market = await createMarket({ etaTickMs: tickMs });
  sent = [];
  now = start;
});
afterEach(() => market.close());

/** A worker of its own. */
const worker = () =>
  createDispatchActivities({
    db: market.db,
    log: pino({ level: 'silent' }),
    now: () => now,
    engine: {
      async send(message) {
        sent.push(message);
        return { kind: 'done', answer: { status: 'OUT_FOR_DELIVERY', sequence: 1 } };
      },
    },
  });
const round = (by = worker()) => by.dispatchRound({ marketId: market.marketId });

type Times = { readonly pickup?: number; readonly dropoff: number };

/** Carried by a driver who stands at the branch. */
async function underWay(
  status: string,
  told: Times,
  driver = market.addDriver(),
): Promise<OrderId> {
  const orderId = await market.addOrder();
  await market.setOrder(orderId, {
    delivery_status: status,
    driver_id: await driver,
    sequence: 7,
    ready_at: new Date(start),
    pickup_eta_at: told.pickup === undefined ? null : new Date(told.pickup),
    dropoff_eta_at: new Date(told.dropoff),
  });
  return orderId;
}
const tell = (orderId: OrderId, dropoff: number) =>
  market.setOrder(orderId, { dropoff_eta_at: new Date(dropoff) });

/** When the driver can be at the door, as a round says to an order that was told something else. */
async function truth(orderId: OrderId): Promise<number> {
  await round();
  const command = sent.pop()?.command;
  if (command?.kind !== 'changeEta') throw new Error(`${orderId} was told nothing`);
  return command.dropoffEtaAt;
}

describe('a round', () => {
  test.each([
    ['once something is on board', 'picked_up', 6.5],
    ['once the driver is at the counter', 'arrived_at_pickup', 10.5],
    ['not before', 'confirmed', 70.5],
  ])('looks at no shift that is yet to begin %s', async (_, status, minutes) => {
    const driver = market.addDriver({ shift_starts_at: new Date(start + 3_600_000) });
    const told = { pickup: start + 7_200_000, dropoff: start + 14_400_000 };
    const dropoffEtaAt = await truth(await underWay(status, told, driver));
    expect((dropoffEtaAt - start) / 60_000).toBeCloseTo(minutes, 0);
  });

  test.each([1, -1])(
    'tells an order what has moved by more than the threshold (%i)',
    async (sign) => {
      const orderId = await underWay('picked_up', { dropoff: start + 7_200_000 });
      const dropoffEtaAt = await truth(orderId);
      expect((dropoffEtaAt - start) / 60_000).toBeCloseTo(6.5, 0);
      await tell(orderId, dropoffEtaAt + sign * etaChangeMs);
      await round();
      expect(sent).toEqual([]);
      await tell(orderId, dropoffEtaAt + sign * (etaChangeMs + 1));
      await Promise.all([round(), round()]);
      const message = {
        orderId,
        command: { kind: 'changeEta', dropoffEtaAt },
        actor: { kind: 'system' },
        commandId: 'changeEta:7',
        ifSequence: 7,
      };
      // The engine takes an update of one id once.
      expect(sent).toMatchObject([message, message]);
    },
  );

  test('times the way to the branch and the ride from it', async () => {
    await underWay('confirmed', { pickup: start + 1_200_000, dropoff: start + 1_800_000 });
    await round();
    const command = sent[0]?.command;
    expect(command).toMatchObject({ kind: 'changeEta', pickupEtaAt: start });
    if (command?.kind !== 'changeEta') return;
    const { dropoffEtaAt, rideMs } = command;
    expect(dropoffEtaAt - start - 120_000).toBe(rideMs);
  });

  test('times the doors of one driver one after the other', async () => {
    const driver = market.addDriver({ capacity: 2 });
    const orders = [1, 2].map(() =>
      underWay('picked_up', { dropoff: start - etaChangeMs }, driver),
    );
    await Promise.all(orders);
    await round();
    const [one = 0, two = 0] = sent
      .flatMap(({ command }) => (command.kind === 'changeEta' ? [command.dropoffEtaAt] : []))
      .toSorted((a, b) => a - b);
    expect(sent).toHaveLength(2);
    expect(two - one).toBe(240_000);
  });

  test.each(['arrived_at_dropoff', 'problem', 'enroute_to_return', 'delivered'])(
    'tells an order nothing that is %s',
    async (status) => {
      await underWay(status, { dropoff: start + 7_200_000 });
      await round();
      expect(sent).toEqual([]);
    },
  );

  test('tells nothing of a driver whom nobody has seen for long', async () => {
    const lost = market.addDriver({ position_at: new Date(start - 3_600_000) });
    await underWay('picked_up', { dropoff: start + 7_200_000 }, lost);
    await round();
    expect(sent).toEqual([]);
  });
});

describe('the clock of a worker', () => {
  test('times the routes once a minute, whatever else there is to do', async () => {
    await underWay('picked_up', { dropoff: start + 7_200_000 });
    const one = worker();
    await round(one);
    now = start + tickMs - 1;
    await round(one);
    expect(sent).toHaveLength(1);
    now = start + tickMs;
    await round(one);
    expect(sent).toHaveLength(2);
  });

  test('asks for a round in time when nothing but routes is there, and for none without', async () => {
    const orderId = await underWay('picked_up', { dropoff: start + 7_200_000 });
    const one = worker();
    expect(await round(one)).toEqual({ open: 0, offersMade: 0, waitMs: 30_000 });
    now = start + tickMs - 10_000;
    expect(await round(one)).toEqual({ open: 0, offersMade: 0, waitMs: 10_000 });
    await market.setOrder(orderId, { delivery_status: 'delivered' });
    now = start + tickMs;
    expect(await round(one)).toEqual({ open: 0, offersMade: 0, waitMs: 30_000 });
  });
});
