// What people in the city see besides their phones: how long a drive takes, what stands on the counter,
// who was sent away. Merchants bring in what their feed says; the day's figures are read from here.
// Invariant: an event is taken in once, in the order of its sequence.

import { setTimeout as delay } from 'node:timers/promises';
import type { CityClock } from './clock.ts';
import type { CityPlan, PlannedOrder } from './plan.ts';
import { straightM, type Spot } from './projection.ts';
import type { FeedEvent } from './wire.ts';

/** The customer has the goods. */
export const isServed = ({ stage }: Pick<OrderLife, 'stage'>): boolean =>
  stage === 'delivered' || stage === 'collected';
export const hasEnded = (life: Pick<OrderLife, 'stage'>): boolean =>
  isServed(life) || life.stage === 'ended early';

/** Where an order stands, in the words of the progress table. */
export const stages = [
  'placing',
  'paying',
  'for later',
  'at merchant',
  'preparing',
  'finding driver',
  'driver coming',
  'on the road',
  'coming back',
  'delivered',
  'collected',
  'ended early',
] as const;
export type Stage = (typeof stages)[number];

export type OrderLife = {
  readonly plan: PlannedOrder;
  readonly orderId: string | undefined;
  readonly stage: Stage;
  readonly endReason: string | undefined;
  /** Minutes of the city's clock. */
  readonly placedAt: number | undefined;
  readonly deliveredAt: number | undefined;
};

type Listener = (event: FeedEvent) => void;

/** A driver whom support may call: where they are while they have nothing to do, and that they come. */
export type Helper = {
  readonly idleAt: () => Spot | undefined;
  readonly come: (orderId: string, to: Spot) => void;
};

export type World = ReturnType<typeof createWorld>;

/** Ready and nobody has taken it yet. */
const stageOf = (type: string, before: Stage | undefined): Stage | undefined =>
  type === 'order.ready' && before === 'preparing' ? 'finding driver' : stageAfter[type];

const stageAfter: Readonly<Record<string, Stage>> = {
  'order.placed': 'paying',
  'order.scheduled': 'for later',
  'order.submitted': 'at merchant',
  'order.accepted': 'preparing',
  'delivery.assigned': 'driver coming',
  'delivery.unassigned': 'finding driver',
  'delivery.partner_confirmed': 'driver coming',
  'delivery.partner_picked_up': 'on the road',
  'delivery.picked_up': 'on the road',
  'delivery.return_started': 'coming back',
  'delivery.redelivery_started': 'on the road',
  'delivery.delivered': 'delivered',
  'order.remade': 'preparing',
  'order.handed_over': 'collected',
  'order.denied': 'ended early',
  'order.expired': 'ended early',
  'order.cancelled': 'ended early',
  'order.failed': 'ended early',
};

const toCome = (plan: PlannedOrder): OrderLife => ({
  plan,
  orderId: undefined,
  stage: 'placing',
  endReason: undefined,
  placedAt: undefined,
  deliveredAt: undefined,
});

export function createWorld(plan: CityPlan, clock: CityClock) {
  const lives = new Map(plan.orders.map((order) => [order.name, toCome(order)]));
  const nameById = new Map<string, string>();
  const oddities = new Map<string, number>();
  const feed = createFeed();
  const counter = createCounter();
  const played = new Set<string>();
  const help = createHelp((from, to) => driveMinutes(plan, { from, to }));

  function change(name: string, part: Partial<OrderLife>): void {
    const life = lives.get(name);
    if (life !== undefined) lives.set(name, { ...life, ...part });
  }

  function hear(name: string, { type, endReason = type }: FeedEvent): void {
    const stage = stageOf(type, lives.get(name)?.stage);
    if (stage !== undefined) change(name, { stage, ...(stage === 'ended early' && { endReason }) });
  }

  /** An event of an order; the same one twice is taken in once. */
  function observe(event: FeedEvent): void {
    if (!feed.takeIn(event)) return;
    if (event.type === 'order.remade') counter.clear(event.orderId);
    const name = nameById.get(event.orderId);
    if (name !== undefined) hear(name, event);
  }

  /** The shop knows which order an id is; what the feed said before is taken in now. */
  function know(orderId: string, name: string): void {
    if (nameById.has(orderId)) return;
    nameById.set(orderId, name);
    change(name, { orderId });
    for (const event of feed.eventsOf(orderId)) hear(name, event);
  }

  return {
    plan,
    clock,
    observe,
    know,
    lifeOf: (orderId: string): OrderLife | undefined => lives.get(nameById.get(orderId) ?? ''),
    lives: (): readonly OrderLife[] => [...lives.values()],
    placed: (name: string, minute: number): void => change(name, { placedAt: minute }),
    /** An order for later says nothing about how quick the city is. */
    delivered(orderId: string, minute: number): void {
      const name = nameById.get(orderId) ?? '';
      const isForNow = lives.get(name)?.plan.script.wantedAfterMinutes === undefined;
      if (isForNow) change(name, { deliveredAt: minute });
    },
    listen: feed.listen,
    serve: counter.serve,
    food: counter.food,
    /** True for whoever asks first: what happens to an order happens once. */
    isFirst(orderId: string, scene: string): boolean {
      const before = played.size;
      return played.add(`${orderId} ${scene}`).size > before;
    },
    standBy: help.standBy,
    breakDown: help.breakDown,
    sendHelp: help.send,
    /** An answer that nobody should get, or a robot that gave up. */
    odd: (what: string): void => void oddities.set(what, (oddities.get(what) ?? 0) + 1),
    oddities: (): ReadonlyMap<string, number> => oddities,
    driveMinutes: (from: Spot, to: Spot): number => driveMinutes(plan, { from, to }),
  };
}

export function driveMinutes(
  {
    metersPerMinute,
    roadFactor,
    wholeMinutes,
  }: Pick<CityPlan, 'metersPerMinute' | 'roadFactor' | 'wholeMinutes'>,
  { from, to }: { readonly from: Spot; readonly to: Spot },
): number {
  const minutes = (straightM(from, to) * roadFactor) / metersPerMinute;
  return wholeMinutes ? Math.ceil(minutes) : minutes;
}

function createFeed() {
  const events = new Map<string, FeedEvent[]>();
  const listeners = new Map<string, Set<Listener>>();
  return {
    takeIn(event: FeedEvent): boolean {
      const known = events.get(event.orderId) ?? [];
      if (known.some(({ sequence }) => sequence === event.sequence)) return false;
      known.push(event);
      events.set(event.orderId, known);
      listeners.get(event.orderId)?.forEach((listener) => listener(event));
      return true;
    },
    eventsOf: (orderId: string): readonly FeedEvent[] => events.get(orderId) ?? [],
    /** Hears what was said before, too. Returns the call that ends it. */
    listen: (orderId: string, listener: Listener): (() => void) => {
      const all = listeners.get(orderId) ?? new Set<Listener>();
      listeners.set(orderId, all.add(listener));
      [...(events.get(orderId) ?? [])].forEach(listener);
      return () => void all.delete(listener);
    },
  };
}

/** Goods that stand on the road, each for the nearest driver who has nothing to do. */
function createHelp(minutesOf: (from: Spot, to: Spot) => number) {
  const helpers: Helper[] = [];
  const waiting = new Map<string, Spot>();
  return {
    standBy: (helper: Helper): void => void helpers.push(helper),
    breakDown: (orderId: string, spot: Spot): void => void waiting.set(orderId, spot),
    /** Once one is found, nobody else is sent. */
    send: (orderId: string): void => {
      const to = waiting.get(orderId);
      if (to === undefined) return;
      const [nearest] = helpers
        .flatMap((helper) => {
          const from = helper.idleAt();
          return from === undefined ? [] : [{ helper, minutes: minutesOf(from, to) }];
        })
        .toSorted((a, b) => a.minutes - b.minutes);
      if (nearest === undefined) return;
      waiting.delete(orderId);
      nearest.helper.come(orderId, to);
    },
  };
}

/** Food on counters: a driver sees when it comes. */
function createCounter() {
  const food = new Map<string, PromiseWithResolvers<number>>();
  const at = (orderId: string): PromiseWithResolvers<number> => {
    const known = food.get(orderId) ?? Promise.withResolvers<number>();
    food.set(orderId, known);
    return known;
  };
  return {
    serve: (orderId: string, minute: number): void => at(orderId).resolve(minute),
    clear: (orderId: string): void => void food.delete(orderId),
    /** The minute when the food came; undefined when the signal ended the wait. */
    food: async (orderId: string, signal: AbortSignal): Promise<number | undefined> => {
      if (signal.aborted) return undefined;
      const sentAway = delay(2 ** 31 - 1, undefined, { signal, ref: false }).catch(() => undefined);
      return Promise.race([at(orderId).promise, sentAway]);
    },
  };
}
