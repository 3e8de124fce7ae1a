// What the admin routes show of tenants, people and keys.

import type { Key } from '../../db/keys.ts';
import type { DriverRecord } from '../../db/driver-accounts.ts';
import type { Person } from '../../db/people.ts';
import type { Branch, Market, Merchant } from '../../db/tenants.ts';

export const marketBody = (row: Market) => ({
  id: row.id,
  name: row.name,
  currency: row.currency,
  time_zone: row.time_zone,
  driver_pay_minor: row.driver_pay_minor,
  delivery_fee_minor: row.delivery_fee_minor,
  tax_bps: row.tax_bps,
  tax_mode: row.tax_mode,
  tax_collector: row.tax_collector,
  fee_vat_bps: row.fee_vat_bps,
  payment_providers: row.payment_providers,
  payouts: {
    every: row.payout_every,
    minimum_minor: row.payout_minimum_minor,
    rails: row.payout_rails,
  },
  policy: row.policy,
  created_at: row.created_at.toISOString(),
});

const deliveryTermsBody = ({
  load,
  vehicles,
  ownDriversOnly: own_drivers_only,
  direct,
}: Merchant['delivery_terms']) => ({
  load,
  vehicles: vehicles && [...vehicles],
  own_drivers_only,
  direct,
});

export const merchantBody = (row: Merchant) => ({
  id: row.id,
  market_id: row.market_id,
  name: row.name,
  commission_bps: row.commission_bps,
  kind: row.kind,
  delivery: deliveryTermsBody(row.delivery_terms),
  created_at: row.created_at.toISOString(),
});

export const branchBody = (row: Branch) => ({
  id: row.id,
  merchant_id: row.merchant_id,
  market_id: row.market_id,
  name: row.name,
  location: { lat: row.lat, lng: row.lng },
  address: row.address,
  auto_accept: row.auto_accept,
  created_at: row.created_at.toISOString(),
});

/** Without name and phone: those are never stored with an answer. */
export const driverBody = (row: DriverRecord) => ({
  id: row.id,
  market_id: row.marketId,
  capacity: row.capacity,
  skills: [...row.skills],
  vehicle: row.vehicle,
  rating: row.rating,
  merchant_id: row.merchantId,
  online: row.online,
  created_at: row.createdAt.toISOString(),
});

export const customerBody = ({ id, merchantId, createdAt }: Person) => ({
  id,
  merchant_id: merchantId ?? null,
  created_at: createdAt.toISOString(),
});

export const namedDriver = (row: DriverRecord) => ({
  ...driverBody(row),
  name: row.name,
  phone: row.phone,
});
export const namedCustomer = (row: Person) => ({
  ...customerBody(row),
  name: row.name,
  phone: row.phone,
});

export const keyBody = (key: Key) => ({
  id: key.id,
  role: key.role,
  merchant_id: key.merchantId ?? null,
  branch_id: key.branchId ?? null,
  driver_id: key.driverId ?? null,
  customer_id: key.customerId ?? null,
  created_at: key.createdAt.toISOString(),
  revoked_at: key.revokedAt?.toISOString() ?? null,
});
