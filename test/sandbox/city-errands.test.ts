// What a driver does in which order, while offers come in on the way.

import { describe, expect, it } from 'vitest';
import { createErrands } from '../../sandbox/city/errands.ts';
import type { OfferView, OfferedStop } from '../../sandbox/city/wire.ts';

const stop = (orderId: string): OfferedStop => ({
  orderId,
  status: 'assigned',
  pickup: { lat: 0, lng: 0 },
  dropoff: { lat: 0, lng: 1 },
});

/** `+a` fetches a, `-a` brings it. */
function offer(id: string, route: string): OfferView & { readonly orders: readonly OfferedStop[] } {
  const stops = route.split(' ').filter((each) => each !== '');
  return {
    id,
    status: 'accepted',
    orders: [],
    route: stops.map((text) => ({
      kind: text.startsWith('+') ? 'pickup' : 'dropoff',
      orderId: text.slice(1),
    })),
  };
}

function driving() {
  const errands = createErrands();
  return {
    errands,
    take: (id: string, route: string, ...orders: readonly string[]): void =>
      errands.take(offer(id, route), orders.map(stop)),
    left: (): string =>
      errands
        .left()
        .map(({ kind, order }) => `${kind === 'pickup' ? '+' : '-'}${order.orderId}`)
        .join(' '),
    doFirst: (): void => errands.left().slice(0, 1).forEach(errands.done),
  };
}

describe('errands', () => {
  it('follow the route of the newest offer; what is done already does not come again', () => {
    const { errands, take, left, doFirst } = driving();
    take('one', '+a +b -b -a', 'a', 'b');
    expect(left()).toBe('+a +b -b -a');
    expect(errands.deliveries()).toBe(2);
    doFirst();
    take('two', '+a +b +c -c -b -a', 'c');
    expect(left()).toBe('+b +c -c -b -a');
    expect(errands.deliveries()).toBe(3);
  });

  it('follow what was decided anew, unless more was taken since', () => {
    const { errands, take, left } = driving();
    take('one', '+a +b -a -b', 'a', 'b');
    errands.follow(offer('', '+b -b +a -a').route);
    expect(left()).toBe('+b -b +a -a');
    take('two', '+b -b +a -a +c -c', 'c');
    errands.follow(offer('', '+a -a +b -b').route);
    expect(left()).toBe('+b -b +a -a +c -c');
  });

  it('keep what the route does not know in front, and drop an order that is gone', () => {
    const { errands, take, left } = driving();
    take('by hand', '', 'x');
    expect(left()).toBe('+x -x');
    take('one', '+a -a', 'a');
    expect(left()).toBe('+x -x +a -a');
    errands.forget('x');
    expect(left()).toBe('+a -a');
  });

  it('wake whoever waits for a change, and everybody at the end of the day', async () => {
    const { errands, take } = driving();
    const day = new AbortController();
    const waiting = errands.changed(day.signal);
    take('one', '+a -a', 'a');
    await waiting;
    const forEver = errands.changed(day.signal);
    day.abort();
    await expect(forEver).resolves.toBeUndefined();
    await expect(errands.changed(day.signal)).resolves.toBeUndefined();
  });
});
