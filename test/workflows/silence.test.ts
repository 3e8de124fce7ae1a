// The promise "never stuck" on a real Temporal server: wherever everybody falls silent, the order ends by itself,
// within the bound that is computed from the lifecycle table, and its money is settled. Time is skipped by the server.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { fold } from '../../domain/evolve.ts';
import type { OrderEvent } from '../../domain/events.ts';
import { lifecycle, type Machine } from '../../domain/lifecycle.ts';
import type { ExternalCommand, PaymentResult } from '../../domain/messages.ts';
import { initialState, isOver, type OrderFacts } from '../../domain/order.ts';
import type { PaymentCall } from '../../domain/payment-call.ts';
import type { Policy } from '../../domain/policy.ts';
import { silenceFrom } from '../domain/silence.ts';
import { figure } from '../support/figure.ts';
import {
  createWorld,
  factsOf,
  obliging,
  obligingFleet,
  orderIn,
  type World,
} from '../support/order-world.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** Of real time: between a timer and what is written down about it. */
const toleranceMs = 10_000;

type Provider = (call: PaymentCall) => PaymentResult;
/** A hold that outlasts every order here. */
const lasting: Provider = (call) => {
  const answer = obliging(call);
  return answer.kind === 'paymentAuthorized'
    ? { ...answer, amountMinor: 2_350, captureBefore: Date.now() + 60 * day }
    : answer;
};
const answering =
  (step: PaymentCall['step'], answer: PaymentResult): Provider =>
  (call) =>
    call.step === step ? answer : lasting(call);
const declines = answering('authorize', { kind: 'paymentDeclined', code: 'insufficient_funds' });
const asksFor: Provider = (call) =>
  call.step === 'void' ? lasting(call) : { kind: 'paymentRequiresAction', providerRef: 'pi_3ds' };
const neverCaptures = answering('capture', {
  kind: 'paymentCaptureFailed',
  code: 'capture_declined',
  final: false,
});

type Stage = {
  readonly policy?: Partial<Policy>;
  readonly facts?: () => Partial<OrderFacts>;
  readonly provider?: Provider;
  /** The event after which the order hears commands. */
  readonly from?: OrderEvent['type'];
  readonly says?: readonly ExternalCommand[];
  /** A partner fleet fetches the goods, and is silent from then on. */
  readonly fetched?: true;
};

const driverId = newId('driver');
const accept = { kind: 'accept', prepMs: 20 * minute } as const;
const ready = [accept, { kind: 'markReady' }] as const;
const assigned = [
  ...ready,
  { kind: 'assign', offerId: newId('offer'), driverId, pickupEtaAt: Date.now() + 5 * minute },
] as const;
const pickedUp = [...assigned, { kind: 'pickUp', driverId }] as const;
const atTheDoor = [...pickedUp, { kind: 'arriveAtDropoff', driverId }] as const;
const called = { kind: 'recordContact', driverId, channel: 'call' } as const;
const returning = [...pickedUp, { kind: 'failDropoff', driverId, reason: 'refused' }] as const;
const problem = (what: 'lost' | 'accident') =>
  [...pickedUp, { kind: 'reportProblem', driverId, problem: what }] as const;
const pickup = (): Partial<OrderFacts> => ({
  fulfilment: 'pickup',
  deliveryFeeMinor: 0,
  totalMinor: 2_050,
  travelMs: 0,
});
const inCash = (): Partial<OrderFacts> => ({ method: 'cash', paymentMethod: '' });
const promisedIn = (ms: number) => (): Partial<OrderFacts> => ({ promisedAt: Date.now() + ms });

const stages: Readonly<Record<string, Stage>> = {
  'a declined card': { provider: declines, from: 'payment.declined' },
  'a payment to be confirmed': { provider: asksFor, from: 'payment.requires_action' },
  'for four hours ahead': { facts: promisedIn(4 * hour), from: 'order.scheduled' },
  'for ten days ahead': { facts: promisedIn(10 * day), from: 'order.scheduled' },
  'the merchant': {},
  'the merchant, after an acknowledgement': { says: [{ kind: 'acknowledge' }] },
  'the merchant, while support holds it': {
    says: [{ kind: 'hold', until: Date.now() + 100 * minute }],
  },
  'the pharmacist': {
    facts: () => ({ goodsKind: 'pharmacy', prescription: true }),
    says: [{ kind: 'accept' }],
  },
  'accepted for later': {
    policy: { scheduleMarginMs: hour },
    facts: promisedIn(70 * minute),
    says: [{ kind: 'accept' }],
  },
  'the kitchen': { says: [accept] },
  'the customer, about missing goods': {
    says: [accept, { kind: 'reportShortage', line: 0, quantity: 1, missingMinor: 950 }],
  },
  'nobody collects': { facts: pickup, says: ready },
  'no driver': { says: ready },
  'a partner fleet with the goods': {
    policy: { partnerCapMinor: 1_000, rungs: [{ radiusM: 3_000, durationMs: 100 }] },
    says: ready,
    fetched: true,
  },
  'a driver on the way to the branch': { says: assigned },
  'a driver at the branch': { says: [...assigned, { kind: 'arriveAtPickup', driverId }] },
  'a driver with the goods': { says: pickedUp },
  'a driver at the door': { says: atTheDoor },
  'the customer behind the door': { says: [...atTheDoor, called, called] },
  'an accident': { says: problem('accident') },
  'lost goods': { says: problem('lost') },
  'a driver on the way back': { says: returning },
  'the merchant, about goods brought back': {
    says: [...returning, { kind: 'arriveAtReturn', driverId }],
  },
  'a bank that captures nothing': {
    provider: neverCaptures,
    says: [...pickedUp, { kind: 'deliver', driverId }],
  },
  'a driver with cash': {
    facts: inCash,
    says: [...pickedUp, { kind: 'deliver', driverId, collectedMinor: 2_350 }],
  },
};

let world: World;
const providers = new Map<string, Provider>();
beforeAll(async () => {
  world = await createWorld();
  world.fleetAnswersWith((call) => {
    const taken = obligingFleet(call);
    return taken.kind === 'partnerSeen' ? { ...taken, progress: 'picked_up' } : taken;
  });
  world.answerWith((call) => (providers.get(call.key.split(':')[0] ?? '') ?? lasting)(call));
}, 60_000);
afterAll(() => world.close());

type Ended = {
  readonly facts: OrderFacts;
  readonly events: readonly OrderEvent[];
  readonly boundMs: number;
  readonly tookMs: number;
};

async function fallSilent({
  policy,
  facts: of,
  provider = lasting,
  from,
  says = [],
  fetched,
}: Stage): Promise<Ended> {
  const facts = factsOf(policy, of?.());
  const order = orderIn(world, facts);
  providers.set(facts.orderId, provider);
  await order.place();
  await order.seen(from ?? 'order.submitted');
  for (const command of says) expect(await order.send(command)).toMatchObject({ kind: 'done' });
  if (fetched) {
    await order.seen('delivery.partner_confirmed');
    await world.engine.partnerDeliveryChanged({ orderId: order.orderId, partnerRef: 'del_1' });
    await order.seen('delivery.partner_picked_up');
  }
  const spoken = [...order.events()];
  const now = spoken.at(-1)?.at ?? 0;
  const state = fold(initialState(facts), spoken);
  const boundMs = silenceFrom({ state, now }, provider);
  await order.skipTime();
  const result = await order.result();
  const events = order.events();
  expect(isOver(fold(initialState(facts), events))).toBe(true);
  expect(result.sequence).toBe(events.length);
  return { facts, events, boundMs, tookMs: (events.at(-1)?.at ?? 0) - now };
}

const inWords = (ms: number): string =>
  `${Math.floor(ms / hour)} h ${Math.round((ms % hour) / minute)} min`;
const ends: Ended[] = [];

describe('silence of', () => {
  test.concurrent.for(Object.entries(stages))('%s', { timeout: 120_000 }, async ([name, stage]) => {
    const ended = await fallSilent(stage);
    ends.push(ended);
    const { facts, events, boundMs, tookMs } = ended;
    const { order, payment } = fold(initialState(facts), events);
    console.log(
      `silence of ${name}: over after ${inWords(tookMs)} (bound ${inWords(boundMs)}), ${order.status}, payment ${payment.status}`,
    );
    expect(tookMs).toBeLessThanOrEqual(boundMs + toleranceMs);
  });
});

test('every state of the table that waits was waited in', () => {
  const seen = new Set(
    ends.flatMap(({ facts, events }) =>
      events.flatMap((_, i) => {
        const state = fold(initialState(facts), events.slice(0, i + 1));
        return (['order', 'delivery', 'payment'] as const).map((m) => `${m} ${state[m].status}`);
      }),
    ),
  );
  const waiting = (Object.keys(lifecycle) as Machine[]).flatMap((machine) =>
    Object.entries(lifecycle[machine])
      .filter(([, row]) => row.kind === 'waits')
      .map(([status]) => `${machine} ${status}`),
  );
  expect(waiting.filter((name) => !seen.has(name))).toEqual([]);
  figure(
    `${ends.length} silences, each over within its bound; the longest took ${inWords(Math.max(...ends.map((end) => end.tookMs)))}`,
  );
});
