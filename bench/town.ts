// The rows that lives happen among: a market, a merchant with one branch per lane, customers and drivers, written
// straight to the database. And the draft of an order, as the API leaves it before it asks the engine.

import type { Db } from '../db/connect.ts';
import { newId } from '../db/new-id.ts';
import { createBranch, createMarket, createMerchant } from '../db/tenants.ts';
import type { BranchId, CustomerId, DriverId, MarketId, MerchantId } from '../domain/ids.ts';
import type { OrderFacts } from '../domain/order.ts';
import { defaultPolicy } from '../domain/policy.ts';
import { plainDelivery } from '../test/support/facts.ts';

/** One customer, merchant and driver who meet again and again: a lane carries one life at a time. */
export type Lane = {
  readonly marketId: MarketId;
  readonly merchantId: MerchantId;
  readonly branchId: BranchId;
  readonly customerId: CustomerId;
  readonly driverId: DriverId;
};

const place = { lat: 52.52, lng: 13.4 };

export async function settle(db: Db, laneCount: number): Promise<readonly Lane[]> {
  const { id: marketId } = await createMarket(db, {
    name: 'Bench',
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    policy: defaultPolicy,
    driverPayMinor: 400,
    deliveryFeeMinor: 300,
  });
  return Promise.all(Array.from({ length: laneCount }, () => settleLane(db, marketId as MarketId)));
}

async function settleLane(db: Db, marketId: MarketId): Promise<Lane> {
  const merchant = await createMerchant(db, {
    marketId,
    name: 'Bench',
    commissionBps: 2_000,
    kind: 'restaurant',
    settlement: {},
  });
  if (!merchant) throw new Error('the market is missing');
  const branch = await createBranch(db, {
    merchantId: merchant.id,
    name: 'Bench',
    location: place,
    autoAccept: false,
  });
  if (!branch) throw new Error('the merchant is missing');
  const [customerId, driverId] = [newId('customer'), newId('driver')];
  await db
    .insertInto('people')
    .values([personOf(customerId), personOf(driverId)])
    .execute();
  await db.insertInto('drivers').values(driverOf({ driverId, marketId })).execute();
  const { merchant_id: merchantId, id: branchId } = branch;
  return {
    marketId,
    merchantId: merchantId as MerchantId,
    branchId: branchId as BranchId,
    customerId,
    driverId,
  };
}

const personOf = (id: string) => ({
  id,
  wrapped_key: null,
  name_enc: null,
  phone_enc: null,
  address_enc: null,
  merchant_id: null,
  erased_at: null,
});

/** Offline: offers are none of this bench's business. */
const driverOf = ({ driverId, marketId }: Pick<Lane, 'driverId' | 'marketId'>) => ({
  id: driverId,
  market_id: marketId,
  online_since: null,
  shift_ends_at: null,
  lat: null,
  lng: null,
  position_at: null,
});

export function factsOf({ marketId, merchantId, branchId, customerId }: Lane): OrderFacts {
  return {
    ...plainDelivery,
    orderId: newId('order'),
    number: '1042',
    merchantId,
    branchId,
    marketId,
    customerId,
    placedAt: Date.now(),
    currency: 'EUR',
    itemCount: 2,
    goodsMinor: 1_900,
    deliveryFeeMinor: 300,
    tipMinor: 150,
    totalMinor: 2_350,
    driverPayMinor: 400,
    commissionBps: 2_000,
    paymentMethod: 'pm_card_visa',
    travelMs: 600_000,
    policy: defaultPolicy,
  };
}

const items = [
  { name: 'Pizza Margherita', quantity: 1, unit_price_minor: 1_250 },
  { name: 'Tiramisu', quantity: 1, unit_price_minor: 650 },
];

export async function storeDraft(db: Db, facts: OrderFacts): Promise<void> {
  await db
    .insertInto('orders')
    .values({
      id: facts.orderId,
      merchant_id: facts.merchantId,
      branch_id: facts.branchId,
      market_id: facts.marketId,
      customer_id: facts.customerId,
      number: facts.number,
      placed_at: new Date(facts.placedAt),
      facts: JSON.stringify(facts),
      items: JSON.stringify(items),
      currency: facts.currency,
      total_minor: facts.totalMinor,
      pickup_lat: place.lat,
      pickup_lng: place.lng,
      dropoff_lat: place.lat + 0.02,
      dropoff_lng: place.lng,
    })
    .execute();
}
