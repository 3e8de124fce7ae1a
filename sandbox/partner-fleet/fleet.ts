// What a partner fleet knows: quotes and deliveries, each on its way by itself as its clock runs, at a pace that can be
// set. Deliveries survive a restart when they are given a file.
import { newId } from '../provider/ids.ts';
import { openKept } from '../provider/kept.ts';

export const statuses = [
  'pending',
  'pickup',
  'pickup_complete',
  'dropoff',
  'delivered',
  'canceled',
  'returned',
] as const;
export type Status = (typeof statuses)[number];

export type Delivery = {
  readonly id: string;
  readonly quote_id: string;
  readonly external_id: string;
  readonly idempotency_key: string;
  readonly status: Status;
  /** Hundredths. */
  readonly fee: number;
  readonly tip: number;
  readonly currency: string;
  readonly undeliverable_reason: string;
  readonly created: string;
  readonly pickup_eta: string;
  readonly dropoff_eta: string;
};

/** What becomes of a delivery by itself; `stays`: nothing, only what a test does to it. */
export const moods = ['delivers', 'cancels', 'returns', 'keeps', 'stays'] as const;
export type Mood = (typeof moods)[number];

export type FleetOptions = {
  readonly now: () => number;
  readonly onChange: (delivery: Delivery) => void;
  readonly currency: string;
  readonly feeHundredths: number;
  /** A step of a delivery takes so long, real milliseconds. */
  readonly stepMs: number;
  readonly mood: Mood;
  readonly file?: string | undefined;
};

const ways: Readonly<Record<Mood, readonly Status[]>> = {
  delivers: ['pickup', 'pickup_complete', 'dropoff', 'delivered'],
  cancels: ['pickup', 'canceled'],
  returns: ['pickup', 'pickup_complete', 'dropoff', 'returned'],
  keeps: ['pickup', 'pickup_complete', 'dropoff'],
  stays: [],
};
const QUOTE_MS = 15 * 60_000;
const isOver: ReadonlySet<Status> = new Set(['delivered', 'canceled', 'returned']);
const free = { fee: 0, tip: 0 } as const;
const atTheBranch: ReadonlySet<Status> = new Set(['pending', 'pickup']);

/** Nothing before the pickup; the way back costs as much again. */
function chargeOf({ status, fee }: Delivery, next: Status): Partial<Delivery> {
  if (next === 'canceled' && atTheBranch.has(status)) return free;
  return next === 'returned' ? { fee: 2 * fee } : {};
}

function createBook({ file, onChange }: Pick<FleetOptions, 'file' | 'onChange'>) {
  const kept = openKept<Delivery>(file);
  const deliveries = kept.records;
  function put(delivery: Delivery): Delivery {
    kept.put(delivery);
    onChange(delivery);
    return delivery;
  }
  return { deliveries, put };
}

type Driving = { readonly stepMs: number; readonly step: (status: Status) => boolean };

/** Each goes its way, a step at a time, until one of them cannot be done. */
function createDrivers() {
  const timers = new Set<NodeJS.Timeout>();
  function start([next, ...rest]: readonly Status[], driving: Driving): void {
    if (next === undefined) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (driving.step(next)) start(rest, driving);
    }, driving.stepMs);
    timers.add(timer);
  }
  return { start, stop: (): void => timers.forEach(clearTimeout) };
}

type Asked = Pick<Delivery, 'quote_id' | 'external_id' | 'idempotency_key' | 'tip'>;
export type Fleet = ReturnType<typeof createFleet>;

export function createFleet({ now, onChange, currency, file, ...initial }: FleetOptions) {
  let { mood, stepMs, feeHundredths } = initial;
  const quotes = new Map<string, number>();
  const { deliveries, put } = createBook({ file, onChange });
  const drivers = createDrivers();

  /** False: there is no such delivery, or it is over. */
  function step(id: string, status: Status, reason = ''): boolean {
    const delivery = deliveries.get(id);
    if (!delivery || isOver.has(delivery.status)) return false;
    put({ ...delivery, ...chargeOf(delivery, status), status, undeliverable_reason: reason });
    return true;
  }

  const drive = (id: string, way: readonly Status[]): void =>
    drivers.start(way, {
      stepMs,
      step: (next) => step(id, next, next === 'returned' ? 'customer_unavailable' : ''),
    });

  function quote() {
    const id = newId('dqt');
    quotes.set(id, now());
    return { id, fee: feeHundredths, expires: new Date(now() + QUOTE_MS).toISOString() };
  }

  function create(asked: Asked, own: Mood = mood): Delivery | 'expired_quote' {
    const known = [...deliveries.values()].find(
      (each) => each.idempotency_key === asked.idempotency_key,
    );
    if (known) return known;
    if ((quotes.get(asked.quote_id) ?? 0) < now() - QUOTE_MS) return 'expired_quote';
    const made = put({
      ...asked,
      id: newId('del'),
      status: 'pending',
      fee: feeHundredths,
      currency,
      undeliverable_reason: '',
      created: new Date(now()).toISOString(),
      pickup_eta: new Date(now() + 2 * stepMs).toISOString(),
      dropoff_eta: new Date(now() + 4 * stepMs).toISOString(),
    });
    drive(made.id, ways[own]);
    return made;
  }

  // What a restart has cut off goes on.
  for (const { id, status } of deliveries.values())
    drive(id, ways[mood].slice(ways[mood].indexOf(status) + 1));

  return {
    quote,
    create,
    step,
    cancel: (id: string): boolean =>
      atTheBranch.has(deliveries.get(id)?.status ?? 'delivered') && step(id, 'canceled'),
    find: (id: string): Delivery | undefined => deliveries.get(id),
    all: (): readonly Delivery[] => [...deliveries.values()],
    set: (change: Partial<Pick<FleetOptions, 'mood' | 'stepMs' | 'feeHundredths'>>): void => {
      mood = change.mood ?? mood;
      stepMs = change.stepMs ?? stepMs;
      feeHundredths = change.feeHundredths ?? feeHundredths;
    },
    close: drivers.stop,
  };
}
