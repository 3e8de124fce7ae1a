// An event as JSON: the catalogue of domain/events.ts in snake_case, times as RFC 3339, without what is not the
// reader's business.

import type { Actor } from '../../domain/events.ts';
import type { FeedEvent as FeedRow } from '../../db/events.ts';
import type { Scope } from '../../db/scope.ts';
import type { FeedEvent } from '../schemas/events.ts';

export const feedEvent = (row: FeedRow, viewer: Scope): FeedEvent => ({
  id: `${row.order_id}:${row.sequence}`,
  type: row.type,
  order_id: row.order_id,
  sequence: row.sequence,
  at: row.at.toISOString(),
  actor: actorBody(row.actor),
  data: eventData(row.body, viewer),
});

export const actorBody = (actor: Actor): FeedEvent['actor'] => ({
  kind: actor.kind,
  id: 'id' in actor ? actor.id : null,
});

const isTime = (name: string): boolean => /At$|^captureBefore$|^until$/.test(name);
// The card's token stays with the platform; the shares of an order with it and whoever earns them.
const seenBy: Readonly<Record<string, readonly Scope['kind'][]>> = {
  paymentMethod: ['platform'],
  payMinor: ['platform'],
  bonusMinor: ['platform'],
  platformMinor: ['platform'],
  driverMinor: ['platform'],
  merchantMinor: ['platform', 'merchant'],
  taxMinor: ['platform', 'merchant'],
  goodsTaxMinor: ['platform', 'merchant'],
  roundingMinor: ['platform'],
  // What a partner fleet charges is between it and the platform.
  priceMinor: ['platform'],
  bookedMinor: ['platform'],
  partnerRef: ['platform'],
  quoteRef: ['platform'],
};

export const maySee = (field: string, viewer: Scope): boolean =>
  !Object.hasOwn(seenBy, field) || seenBy[field]?.includes(viewer.kind) === true;

export function eventData(body: object, viewer: Scope): Record<string, unknown> {
  const kept = Object.entries(body).filter(([name]) => maySee(name, viewer));
  return Object.fromEntries(
    kept.map(([name, value]) => [snake(name), isTime(name) ? isoOf(value) : value]),
  );
}

const isoOf = (value: unknown): unknown =>
  typeof value === 'number' ? new Date(value).toISOString() : value;
const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
