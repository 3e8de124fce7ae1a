// What a driver has accepted and not done yet, in driving order. Offers come in while others are driven: one loop takes
// them in (driver.ts), the other drives the first errand, whatever has been added behind it.

import type { OfferView, OfferedStop } from './wire.ts';

export type Errand = {
  readonly kind: 'pickup' | 'dropoff';
  readonly order: OfferedStop;
  readonly offerId: string;
};

export type Errands = ReturnType<typeof createErrands>;

export function createErrands() {
  let left: readonly Errand[] = [];
  let change = Promise.withResolvers<void>();
  const set = (errands: readonly Errand[]): void => {
    left = errands;
    change.resolve();
    change = Promise.withResolvers<void>();
  };
  return {
    left: (): readonly Errand[] => left,
    /** Deliveries in hand or on the way to be fetched. */
    deliveries: (): number => new Set(left.map(({ order }) => order.orderId)).size,
    take: (offer: OfferView, orders: readonly OfferedStop[]): void =>
      set(merged(left, errandsOf(offer, orders), offer)),
    /** What comes first may have been decided anew. */
    follow: (route: OfferView['route']): void => set(followed(left, route)),
    done: (errand: Errand): void => set(left.filter((each) => !isSame(each, errand))),
    /** The order is not this driver's any more. */
    forget: (orderId: string): void => set(left.filter(({ order }) => order.orderId !== orderId)),
    /** Whoever waits shall look again. */
    wake: (): void => set(left),
    /** Resolves when something is taken in, done or forgotten, or at the signal. */
    async changed(signal: AbortSignal): Promise<void> {
      if (signal.aborted) return;
      const stop = (): void => change.resolve();
      signal.addEventListener('abort', stop, { once: true });
      await change.promise;
      signal.removeEventListener('abort', stop);
    },
  };
}

const isSame = (a: Errand, b: Errand): boolean =>
  a.kind === b.kind && a.order.orderId === b.order.orderId;

/** Without a route everything is fetched first, then brought. */
function errandsOf({ id }: OfferView, orders: readonly OfferedStop[]): readonly Errand[] {
  return (['pickup', 'dropoff'] as const).flatMap((kind) =>
    orders.map((order) => ({ kind, order, offerId: id })),
  );
}

/** In the order of the offer's route; what the route does not know stays in front. */
function merged(
  left: readonly Errand[],
  added: readonly Errand[],
  { route }: OfferView,
): readonly Errand[] {
  const fresh = added.filter((errand) => !left.some((each) => isSame(each, errand)));
  const all = [...left, ...fresh];
  if (route.length === 0) return all;
  return all.toSorted((a, b) => rankIn(route, a) - rankIn(route, b));
}

/** As decided anew; a route that does not know everything is older than what was taken last. */
function followed(left: readonly Errand[], route: OfferView['route']): readonly Errand[] {
  if (left.some((errand) => rankIn(route, errand) < 0)) return left;
  return left.toSorted((a, b) => rankIn(route, a) - rankIn(route, b));
}

const rankIn = (route: OfferView['route'], { kind, order }: Errand): number =>
  route.findIndex((stop) => stop.kind === kind && stop.orderId === order.orderId);
