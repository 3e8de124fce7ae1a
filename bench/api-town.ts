// The people of a run through the API: a market, merchants with a branch and a key, drivers who are online. Made by
// the admin routes, as an operator would.

import type { Http } from './http.ts';
import { adminSecret } from './stack.ts';

export type Merchant = { readonly branchId: string; readonly secret: string };
export type Driver = { readonly driverId: string; readonly secret: string };
export type ApiTown = {
  readonly marketId: string;
  readonly merchants: readonly Merchant[];
  readonly drivers: readonly Driver[];
};
export type TownWish = {
  readonly merchants: number;
  readonly drivers: number;
  /** Overrides of the default policy. */
  readonly policy?: object;
};

const centre = { lat: 52.52, lng: 13.4 };
const atOnce = 8;
type Made = { readonly id: string };

export async function foundTown(http: Http, wish: TownWish): Promise<ApiTown> {
  const make = <T = Made>(what: string, body: object): Promise<T> =>
    http.demand<T>({ path: `/v1/admin/${what}`, secret: adminSecret, body });
  const keyOf = async (scope: object): Promise<string> =>
    (await make<{ readonly secret: string }>('keys', scope)).secret;
  const { id: marketId } = await make('markets', {
    name: 'Bench',
    currency: 'EUR',
    time_zone: 'Europe/Berlin',
    driver_pay_minor: 400,
    delivery_fee_minor: 300,
    ...(wish.policy === undefined ? {} : { policy: wish.policy }),
  });
  const merchant = async (): Promise<Merchant> => {
    const { id } = await make('merchants', {
      market_id: marketId,
      name: 'Bench',
      commission_bps: 2_000,
    });
    const branch = await make('branches', { merchant_id: id, name: 'Bench', location: centre });
    return { branchId: branch.id, secret: await keyOf({ role: 'owner', merchant_id: id }) };
  };
  const driver = async (index: number): Promise<Driver> => {
    const phone = `+49170${String(1_000_000 + index)}`;
    const { id: driverId } = await make('drivers', { market_id: marketId, name: 'Bench', phone });
    const secret = await keyOf({ role: 'driver', driver_id: driverId });
    const location = { lat: centre.lat + 0.001 * (index % 10), lng: centre.lng };
    await http.demand({ path: '/v1/driver/online', secret, body: { location } });
    return { driverId, secret };
  };
  return {
    marketId,
    merchants: await inTurns(wish.merchants, merchant),
    drivers: await inTurns(wish.drivers, driver),
  };
}

async function inTurns<T>(
  count: number,
  make: (index: number) => Promise<T>,
): Promise<readonly T[]> {
  const made: T[] = [];
  for (let start = 0; start < count; start += atOnce) {
    const indexes = Array.from({ length: Math.min(atOnce, count - start) }, (_, i) => start + i);
    made.push(...(await Promise.all(indexes.map(make))));
  }
  return made;
}

export const orderBody = ({ branchId }: Merchant): object => ({
  branch_id: branchId,
  customer: { name: 'Ada Example', phone: '+491701234567' },
  dropoff: {
    location: { lat: centre.lat + 0.02, lng: centre.lng },
    address: 'Example Street 1, 10115 Berlin',
  },
  items: [
    { name: 'Pizza Margherita', quantity: 1, unit_price_minor: 1_250 },
    { name: 'Tiramisu', quantity: 1, unit_price_minor: 650 },
  ],
  currency: 'EUR',
  tip_minor: 150,
  payment: { method: 'card', token: 'pm_card_visa' },
});
