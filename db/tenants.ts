// Markets, merchants and their branches: who may take orders where, at which price and under which policy.

import { sql } from 'kysely';
import type { Place } from '../domain/geo.ts';
import type { DeliveryTerms, GoodsKind, Taxes } from '../domain/order.ts';
import type { PayoutEvery, PayoutRail } from '../domain/payout.ts';
import { completePolicy, type Policy } from '../domain/policy.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import type { Shares } from '../domain/settlement.ts';
import type { Db } from './connect.ts';
import { newId } from './new-id.ts';
import { pageOf, type Page, type PageOf } from './page.ts';

export type NewMarket = {
  readonly name: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly policy: Policy;
  readonly driverPayMinor: number;
  readonly deliveryFeeMinor: number;
  /** Undefined: none. */
  readonly taxes?: Taxes | undefined;
  readonly payouts?:
    | {
        readonly every?: PayoutEvery | undefined;
        readonly minimumMinor?: number | undefined;
        readonly rails?: readonly PayoutRail[] | undefined;
      }
    | undefined;
  /** Undefined: the usual ones. */
  readonly paymentProviders?: readonly ProviderName[] | undefined;
};

const selectMarkets = (db: Db) => db.selectFrom('markets').selectAll();
export type Market = Awaited<
  ReturnType<ReturnType<typeof selectMarkets>['executeTakeFirstOrThrow']>
>;
const selectMerchants = (db: Db) => db.selectFrom('merchants').selectAll();
export type Merchant = Awaited<
  ReturnType<ReturnType<typeof selectMerchants>['executeTakeFirstOrThrow']>
>;
const selectBranches = (db: Db) => db.selectFrom('branches').selectAll();
export type Branch = Awaited<
  ReturnType<ReturnType<typeof selectBranches>['executeTakeFirstOrThrow']>
>;

export async function createMarket(db: Db, market: NewMarket): Promise<Market> {
  const { every, minimumMinor, rails } = market.payouts ?? {};
  return db
    .insertInto('markets')
    .values({
      id: newId('market'),
      name: market.name,
      currency: market.currency,
      time_zone: market.timeZone,
      policy: JSON.stringify(market.policy),
      driver_pay_minor: market.driverPayMinor,
      delivery_fee_minor: market.deliveryFeeMinor,
      tax_bps: market.taxes?.goodsBps ?? 0,
      fee_vat_bps: market.taxes?.feeVatBps ?? 0,
      ...(market.taxes?.mode && { tax_mode: market.taxes.mode }),
      ...(market.taxes?.collector && { tax_collector: market.taxes.collector }),
      ...(market.paymentProviders && { payment_providers: [...market.paymentProviders] }),
      ...(every && { payout_every: every }),
      ...(minimumMinor !== undefined && { payout_minimum_minor: minimumMinor }),
      ...(rails && { payout_rails: [...rails] }),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

type NewMerchant = {
  readonly marketId: string;
  readonly name: string;
  readonly commissionBps: number;
  readonly kind: GoodsKind;
  /** Overrides of the settlement table: `end.stage` → shares. */
  readonly settlement: Readonly<Record<string, Shares>>;
  /** Of its orders that say nothing else. */
  readonly deliveryTerms?: Partial<DeliveryTerms>;
};

/** Undefined when there is no such market. */
export async function createMerchant(db: Db, input: NewMerchant): Promise<Merchant | undefined> {
  return db
    .insertInto('merchants')
    .columns(['id', 'market_id', 'name', 'commission_bps', 'kind', 'settlement', 'delivery_terms'])
    .expression((eb) =>
      eb
        .selectFrom('markets')
        .select([
          eb.val(newId('merchant')).as('id'),
          'markets.id as market_id',
          eb.val(input.name).as('name'),
          eb.val(input.commissionBps).as('commission_bps'),
          eb.val(input.kind).as('kind'),
          sql<Record<string, Shares>>`${JSON.stringify(input.settlement)}::jsonb`.as('settlement'),
          sql<Partial<DeliveryTerms>>`${JSON.stringify(input.deliveryTerms ?? {})}::jsonb`.as(
            'delivery_terms',
          ),
        ])
        .where('markets.id', '=', input.marketId),
    )
    .returningAll()
    .executeTakeFirst();
}

type NewBranch = {
  readonly merchantId: string;
  readonly name: string;
  readonly location: Place;
  readonly address?: string | undefined;
  readonly autoAccept: boolean;
};

/** In the merchant's market. Undefined when there is no such merchant. */
export async function createBranch(
  db: Db,
  { merchantId, name, location, address, autoAccept }: NewBranch,
): Promise<Branch | undefined> {
  return db
    .insertInto('branches')
    .columns(['id', 'merchant_id', 'market_id', 'name', 'lat', 'lng', 'address', 'auto_accept'])
    .expression((eb) =>
      eb
        .selectFrom('merchants')
        .select([
          eb.val(newId('branch')).as('id'),
          'merchants.id as merchant_id',
          'merchants.market_id',
          eb.val(name).as('name'),
          eb.val(location.lat).as('lat'),
          eb.val(location.lng).as('lng'),
          eb.val(address ?? null).as('address'),
          eb.val(autoAccept).as('auto_accept'),
        ])
        .where('merchants.id', '=', merchantId),
    )
    .returningAll()
    .executeTakeFirst();
}

export async function listMarkets(db: Db, { after, limit }: Page): Promise<PageOf<Market>> {
  const rows = await selectMarkets(db)
    .$if(after !== undefined, (query) => query.where('id', '<', after ?? ''))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit);
}

export async function listMerchants(db: Db, { after, limit }: Page): Promise<PageOf<Merchant>> {
  const rows = await selectMerchants(db)
    .$if(after !== undefined, (query) => query.where('id', '<', after ?? ''))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit);
}

export async function listBranches(db: Db, { after, limit }: Page): Promise<PageOf<Branch>> {
  const rows = await selectBranches(db)
    .$if(after !== undefined, (query) => query.where('id', '<', after ?? ''))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit);
}

export async function marketExists(db: Db, id: string): Promise<boolean> {
  return (await selectMarkets(db).where('id', '=', id).executeTakeFirst()) !== undefined;
}

/** Somebody drives for the merchant alone. */
export async function hasOwnDrivers(db: Db, merchantId: string): Promise<boolean> {
  const driver = await db
    .selectFrom('drivers')
    .select('id')
    .where('merchant_id', '=', merchantId)
    .limit(1)
    .executeTakeFirst();
  return driver !== undefined;
}

/** True when `branchId` is absent or a branch of this merchant. */
export async function merchantHas(
  db: Db,
  { merchantId, branchId }: { readonly merchantId: string; readonly branchId: string | undefined },
): Promise<boolean> {
  const merchant = await selectMerchants(db).where('id', '=', merchantId).executeTakeFirst();
  if (!merchant || branchId === undefined) return merchant !== undefined;
  const branch = await selectBranches(db)
    .where('id', '=', branchId)
    .where('merchant_id', '=', merchantId)
    .executeTakeFirst();
  return branch !== undefined;
}

/** What placing an order at a branch needs to know. Changes rarely: callers may keep it for some seconds. */
export type BranchFacts = {
  readonly branchId: string;
  readonly merchantId: string;
  readonly marketId: string;
  readonly location: Place;
  readonly commissionBps: number;
  readonly currency: string;
  readonly driverPayMinor: number;
  readonly deliveryFeeMinor: number;
  readonly taxes: Taxes | undefined;
  readonly paymentProviders: readonly ProviderName[];
  readonly policy: Policy;
  readonly goodsKind: GoodsKind;
  readonly deliveryTerms: Partial<DeliveryTerms>;
  /** Epoch milliseconds. */
  readonly autoAcceptUntil: number | undefined;
  readonly pausedUntil: number | undefined;
};

export async function branchFacts(db: Db, branchId: string): Promise<BranchFacts | undefined> {
  const row = await db
    .selectFrom('branches')
    .innerJoin('merchants', 'merchants.id', 'branches.merchant_id')
    .innerJoin('markets', 'markets.id', 'branches.market_id')
    .select([
      'branches.merchant_id',
      'branches.market_id',
      'lat',
      'lng',
      'commission_bps',
      'currency',
    ])
    .select(['driver_pay_minor', 'delivery_fee_minor', 'policy', 'payment_providers'])
    .select(['tax_bps', 'fee_vat_bps', 'tax_mode', 'tax_collector'])
    .select(['kind', 'settlement', 'delivery_terms'])
    .select(['auto_accept', 'acknowledged_at', 'paused_until'])
    .where('branches.id', '=', branchId)
    .executeTakeFirst();
  if (!row) return undefined;
  const policy = completePolicy(row.policy);
  return {
    branchId,
    merchantId: row.merchant_id,
    marketId: row.market_id,
    location: { lat: row.lat, lng: row.lng },
    commissionBps: row.commission_bps,
    currency: row.currency,
    driverPayMinor: row.driver_pay_minor,
    deliveryFeeMinor: row.delivery_fee_minor,
    taxes:
      row.tax_bps + row.fee_vat_bps > 0
        ? {
            goodsBps: row.tax_bps,
            feeVatBps: row.fee_vat_bps,
            mode: row.tax_mode,
            collector: row.tax_collector,
          }
        : undefined,
    paymentProviders: row.payment_providers,
    policy: { ...policy, settlement: { ...policy.settlement, ...row.settlement } },
    goodsKind: row.kind,
    deliveryTerms: row.delivery_terms,
    autoAcceptUntil:
      row.auto_accept && row.acknowledged_at
        ? row.acknowledged_at.getTime() + policy.autoAcceptMs
        : undefined,
    pausedUntil: row.paused_until?.getTime(),
  };
}

/** A market of this currency takes wallets. */
export async function takesWallets(db: Db, currency: string): Promise<boolean> {
  const row = await db
    .selectFrom('markets')
    .select('id')
    .where('currency', '=', currency)
    .where(sql<boolean>`payment_providers @> ARRAY['wallet', 'stripe']`)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The currency of the market that a merchant or driver belongs to; undefined for others. */
export async function currencyOfParty(db: Db, party: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('markets')
    .select('currency')
    .where((eb) =>
      eb.or([
        eb('id', 'in', eb.selectFrom('merchants').select('market_id').where('id', '=', party)),
        eb('id', 'in', eb.selectFrom('drivers').select('market_id').where('id', '=', party)),
      ]),
    )
    .executeTakeFirst();
  return row?.currency;
}
