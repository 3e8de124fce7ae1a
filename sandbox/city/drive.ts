// A drive through the city: time passes, the phone sends where it is. Positions are sent in batches, seen
// every half minute of the city and not more often than every two seconds of real time; a lost batch is
// not worth a retry.

import { along, placeOf, type Spot } from './projection.ts';
import type { City } from './robot.ts';

const seenEveryMinutes = 0.5;
const sentEveryMs = 2_000;

type Way = {
  readonly secret: string;
  readonly from: Spot;
  readonly to: Spot;
  readonly departAt: number;
  readonly signal?: AbortSignal;
};

/** Where the drive ended and when; `whole` is false when the signal ended it on the way. */
export async function drive(
  city: City,
  way: Way,
): Promise<{ readonly spot: Spot; readonly at: number; readonly whole: boolean }> {
  const { clock, world } = city;
  const { from, to, departAt, signal = city.signal } = way;
  const minutes = world.driveMinutes(from, to);
  const arriveAt = departAt + minutes;
  const stepMinutes = Math.max(seenEveryMinutes, (sentEveryMs / 60_000) * clock.speed);
  const spotAt = (minute: number): Spot =>
    minutes === 0 ? to : along(from, to, Math.min(1, Math.max(0, (minute - departAt) / minutes)));
  for (let sentAt = departAt; sentAt < arriveAt;) {
    const next = Math.min(arriveAt, sentAt + stepMinutes);
    const reached = await clock.waitUntil(next, signal);
    const now = reached ? next : Math.min(next, Math.max(sentAt, clock.minute()));
    send(city, { secret: way.secret, minutes: seenBetween(sentAt, now), spotAt });
    if (!reached) return { spot: rounded(spotAt(now)), at: now, whole: false };
    sentAt = next;
  }
  return { spot: to, at: arriveAt, whole: true };
}

/** Every half minute after `from`, and `until` itself. */
function seenBetween(from: number, until: number): readonly number[] {
  const between: number[] = [];
  for (let minute = from + seenEveryMinutes; minute < until; minute += seenEveryMinutes)
    between.push(minute);
  return [...between.slice(-99), until];
}

type Sending = {
  readonly secret: string;
  readonly minutes: readonly number[];
  readonly spotAt: (minute: number) => Spot;
};

/** Where a driver stands and waits: a phone says so now and then. */
export const tellPlace = (
  city: City,
  { secret, spot }: { readonly secret: string; readonly spot: Spot },
): void => send(city, { secret, minutes: [city.clock.minute()], spotAt: () => spot });

function send({ client, clock, world }: City, { secret, minutes, spotAt }: Sending): void {
  const positions = minutes.map((minute) => ({
    at: new Date(clock.realAt(minute)).toISOString(),
    ...placeOf(spotAt(minute)),
  }));
  client
    .call({ method: 'POST', path: '/v1/positions', secret, body: { positions }, perishable: true })
    .then(
      ({ status }) => (status >= 300 ? world.odd(`positions: HTTP ${status}`) : undefined),
      () => undefined,
    );
}

const rounded = ({ x, y }: Spot): Spot => ({ x: Math.round(x), y: Math.round(y) });
