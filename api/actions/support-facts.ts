// What an action needs to know beyond what the agent says: read, or worked out from what must not reach the order.

import { createHash } from 'node:crypto';
import { stageAddress } from '../../db/address-changes.ts';
import type { Db } from '../../db/connect.ts';
import type { OrderLog } from '../../db/order-logs.ts';
import type { Vault } from '../../db/vault.ts';
import { travelMs, type Place } from '../../domain/geo.ts';
import type { Given, SupportActionName } from '../../domain/support.ts';
import { badField, problem } from '../problems.ts';
import { assertInArea } from './order-terms.ts';

type Tools = { readonly db: Db; readonly vault: Vault };
export type Asked = {
  readonly log: OrderLog;
  readonly action: SupportActionName;
  readonly given: Given;
  /** The body as it was sent. */
  readonly said: unknown;
  readonly now: number;
  /** Undefined in a preview. */
  readonly commandId?: string;
};

/** `given` and more. Throws invalid_request, out_of_area, wrong_state. */
export async function withFacts(tools: Tools, asked: Asked): Promise<Given> {
  switch (asked.action) {
    case 'assign-driver':
    case 'transfer':
      return { ...asked.given, ...(await driverFacts(tools, asked)) };
    case 'change-address':
      return { ...asked.given, ...(await addressFacts(tools, asked)) };
    default:
      return asked.given;
  }
}

const pickupOf = (db: Db, orderId: string) =>
  db
    .selectFrom('orders')
    .select(['pickup_lat as lat', 'pickup_lng as lng'])
    .where('id', '=', orderId)
    .executeTakeFirstOrThrow();

/** The offer is one that no dispatcher made: the same for a retry. */
async function driverFacts(
  { db }: Tools,
  { log, given, now, commandId = 'preview' }: Asked,
): Promise<Given> {
  const { orderId, marketId, policy } = log.facts;
  const driver = await db
    .selectFrom('drivers')
    .select(['lat', 'lng'])
    .where('id', '=', String(given['driver_id']))
    .where('market_id', '=', marketId)
    .executeTakeFirst();
  if (!driver) throw badField('driver_id', 'names no driver of the order’s market');
  const { lat, lng } = driver;
  const approachMs =
    lat === null || lng === null
      ? policy.approachMs
      : travelMs({ lat, lng }, await pickupOf(db, orderId), policy);
  const digest = createHash('sha256').update(`offer:${commandId}`).digest('hex');
  return { offer_id: `off_${digest.slice(0, 32)}`, pickup_eta_at: Math.round(now + approachMs) };
}

async function addressFacts({ db, vault }: Tools, { log, said, commandId }: Asked): Promise<Given> {
  const { orderId, customerId, policy } = log.facts;
  const { location, address } = said as { readonly location: Place; readonly address: string };
  const pickup = await pickupOf(db, orderId);
  assertInArea(pickup, location, 'location');
  if (commandId !== undefined) {
    const change = { commandId, orderId, customerId, location, address };
    if (!(await stageAddress(db, vault, change)))
      throw problem('wrong_state', 'the customer was erased');
  }
  return { travel_ms: Math.round(travelMs(pickup, location, policy)) };
}
