// Creating markets, tenants, people and keys: what must exist already is looked up in the same transaction.

import type { Db } from '../../db/connect.ts';
import { createDriver, driverExists } from '../../db/driver-accounts.ts';
import { createKey, newSecret } from '../../db/keys.ts';
import { createCustomer, customerExists } from '../../db/people.ts';
import type { Role } from '../../db/schema.ts';
import {
  createBranch,
  createMarket,
  createMerchant,
  marketExists,
  merchantHas,
} from '../../db/tenants.ts';
import type { Vault } from '../../db/vault.ts';
import type { Static } from 'typebox';
import { defaultPolicy, scalePolicy, type Policy } from '../../domain/policy.ts';
import { settlementTable, type Shares } from '../../domain/settlement.ts';
import { badField, problem } from '../problems.ts';
import type {
  NewBranch,
  NewCustomer,
  NewDriver,
  NewKey,
  NewMarket,
  NewMerchant,
} from '../schemas/admin.ts';
import {
  branchBody,
  customerBody,
  driverBody,
  keyBody,
  marketBody,
  merchantBody,
} from '../views/admin.ts';
import type { Created } from './once.ts';
import { termsIn } from './order-terms.ts';

export type { Created } from './once.ts';

type Create<Body> = (trx: Db, body: Body) => Promise<Created>;

export const market =
  (providers: ReadonlySet<string>): Create<NewMarket> =>
  async (trx, body) => {
    checkTimeZone(body.time_zone);
    const { payment_providers: paymentProviders = [] } = body;
    const missingOne = paymentProviders.findIndex((each) => !providers.has(each));
    if (missingOne >= 0) throw badField(`payment_providers.${missingOne}`, 'is not set up here');
    const row = await createMarket(trx, {
      name: body.name,
      currency: body.currency,
      timeZone: body.time_zone,
      policy: policyOf(body),
      driverPayMinor: body.driver_pay_minor,
      deliveryFeeMinor: body.delivery_fee_minor,
      taxes: {
        goodsBps: body.tax_bps ?? 0,
        feeVatBps: body.fee_vat_bps ?? 0,
        mode: body.tax_mode ?? 'inclusive',
        collector: body.tax_collector ?? 'merchant',
      },
      payouts: body.payouts && { ...body.payouts, minimumMinor: body.payouts.minimum_minor },
      paymentProviders: body.payment_providers,
    });
    return { body: marketBody(row) };
  };

export const merchant: Create<Static<typeof NewMerchant>> = async (trx, body) => {
  const { market_id: marketId, name, commission_bps: commissionBps } = body;
  const { kind = 'restaurant', settlement = {} } = body;
  checkCells(settlement);
  const terms = { kind, settlement, deliveryTerms: termsIn(body.delivery) };
  const row = await createMerchant(trx, { marketId, name, commissionBps, ...terms });
  if (!row) throw missing('market_id');
  return { body: merchantBody(row) };
};

export const branch: Create<Static<typeof NewBranch>> = async (trx, body) => {
  const {
    merchant_id: merchantId,
    name,
    location,
    address,
    auto_accept: autoAccept = false,
  } = body;
  const row = await createBranch(trx, { merchantId, name, location, address, autoAccept });
  if (!row) throw missing('merchant_id');
  return { body: branchBody(row) };
};

export const driver =
  (vault: Vault): Create<Static<typeof NewDriver>> =>
  async (trx, body) => {
    const { market_id: marketId, name, phone, capacity = 1, skills, vehicle = null } = body;
    const { merchant_id: merchantId = null, rating = null } = body;
    if (!(await marketExists(trx, marketId))) throw missing('market_id');
    if (merchantId !== null) await checkMerchant(trx, { merchantId, branchId: undefined });
    const terms = { capacity, skills, vehicle, rating, merchantId };
    const row = await createDriver(trx, vault, { marketId, name, phone, ...terms });
    return { body: driverBody(row), unstored: { name, phone } };
  };

export const customer =
  (vault: Vault): Create<Static<typeof NewCustomer>> =>
  async (trx, { name, phone, merchant_id: merchantId }) => {
    if (merchantId !== undefined) await checkMerchant(trx, { merchantId, branchId: undefined });
    const row = await createCustomer(trx, vault, { name, phone, merchantId });
    return { body: customerBody(row), unstored: { name, phone } };
  };

export const key: Create<NewKey> = async (trx, body) => {
  checkScopeFields(body);
  const { role, merchant_id: merchantId, branch_id: branchId } = body;
  const { driver_id: driverId, customer_id: customerId } = body;
  if (merchantId !== undefined) await checkMerchant(trx, { merchantId, branchId });
  if (driverId !== undefined && !(await driverExists(trx, driverId))) throw missing('driver_id');
  if (customerId !== undefined && !(await customerExists(trx, customerId))) {
    throw missing('customer_id');
  }
  const secret = newSecret();
  const row = await createKey(trx, { role, secret, merchantId, branchId, driverId, customerId });
  return { body: keyBody(row), unstored: { secret } };
};

/** Only cells that the lifecycle can reach may be agreed on otherwise. */
function checkCells(settlement: Readonly<Record<string, Shares>>): void {
  const cells = Object.entries(settlementTable).flatMap(([end, row]) =>
    Object.keys(row).map((stage) => `${end}.${stage}`),
  );
  const unknown = Object.keys(settlement).find((cell) => !cells.includes(cell));
  if (unknown !== undefined)
    throw badField(`settlement.${unknown}`, 'is no cell of the settlement table');
}

async function checkMerchant(
  trx: Db,
  wanted: { readonly merchantId: string; readonly branchId: string | undefined },
): Promise<void> {
  if (await merchantHas(trx, wanted)) return;
  throw missing(wanted.branchId === undefined ? 'merchant_id' : 'branch_id');
}

const missing = (field: string): Error =>
  problem('not_found', `${field} names nothing`, { errors: [{ field, problem: 'names nothing' }] });

function checkTimeZone(timeZone: string): void {
  try {
    Intl.DateTimeFormat('en', { timeZone });
  } catch {
    throw badField('time_zone', 'is not a time zone of the IANA database');
  }
}

/** The default policy with the market's overrides, in the time of its clock. */
function policyOf({ policy: overrides = {}, speed = 1 }: NewMarket): Policy {
  const policy = scalePolicy({ ...defaultPolicy, ...overrides }, speed);
  const durations = [
    ...Object.entries(policy).filter(([name]) => name.endsWith('Ms')),
    ...policy.rungs.map((rung) => ['rungs', rung.durationMs] as const),
  ];
  const vanished = durations.find(([, value]) => typeof value === 'number' && value < 1);
  if (vanished) throw badField('speed', `makes ${vanished[0]} shorter than a millisecond`);
  return policy;
}

type ScopeField = Exclude<keyof NewKey, 'role'>;
const ofMerchant = { required: 'merchant_id', allowed: ['merchant_id', 'branch_id'] } as const;
const ofNobody = { required: undefined, allowed: [] } as const;
const scopeFields: Readonly<
  Record<
    Role,
    { readonly required: ScopeField | undefined; readonly allowed: readonly ScopeField[] }
  >
> = {
  platform_admin: ofNobody,
  support: ofNobody,
  owner: ofMerchant,
  manager: ofMerchant,
  staff: ofMerchant,
  driver: { required: 'driver_id', allowed: ['driver_id'] },
  customer: { required: 'customer_id', allowed: ['customer_id'] },
};

function checkScopeFields({ role, ...scope }: NewKey): void {
  const { required, allowed } = scopeFields[role];
  if (required !== undefined && scope[required] === undefined)
    throw badField(required, `is required for the role ${role}`);
  const extra = (Object.keys(scope) as ScopeField[]).find((field) => !allowed.includes(field));
  if (extra !== undefined) throw badField(extra, `has no meaning for the role ${role}`);
}
