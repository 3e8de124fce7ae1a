// A customer's wallet: filled by card before the order is placed, and lightened again where more is in it than any order
// takes.

import { chargeableWorthOf } from './currency.ts';
import type { PlannedOrder } from './plan.ts';
import { passes, saidBy, type City } from './robot.ts';

/** In cents of a dollar: more than any order of the day costs, and what is too much; a part of an order where a card pays the rest. */
const amounts = {
  wallet: { inMinor: 6_000, outMinor: 500 },
  split: { inMinor: 1_000, outMinor: 0 },
} as const;
const looks = 60;

/** Resolves when the money is there, or will not be. */
export async function fillWallet(city: City, order: PlannedOrder): Promise<void> {
  const own = city.market.customers.get(order.name);
  const amount = order.script.method === 'split' ? amounts.split : amounts.wallet;
  if (own === undefined) throw new Error(`${order.name} has no wallet`);
  const path = `/v1/customers/${own.id}/wallet`;
  const { currency } = city.market;
  const ask = (what: string, body: object) =>
    city.client.call({
      method: 'POST',
      path: `${path}/${what}`,
      secret: own.secret,
      idempotencyKey: `${what}-${own.id}`,
      body: { currency, ...body },
    });
  const inMinor = chargeableWorthOf(amount.inMinor, currency);
  const asked = await ask('top-ups', { amount_minor: inMinor, token: 'pm_card_visa' });
  const said = saidBy(asked);
  if (said.kind === 'refused') return city.world.odd(`top-up: HTTP ${asked.status} ${said.code}`);
  if (!(await isPaid(city, { path, secret: own.secret })))
    return city.world.odd('a top-up came to nothing');
  if (amount.outMinor === 0) return;
  const outMinor = chargeableWorthOf(amount.outMinor, currency);
  const taken = saidBy(await ask('withdrawals', { amount_minor: outMinor }));
  if (taken.kind === 'refused') city.world.odd(`withdrawal: ${taken.code}`);
}

async function isPaid(
  city: City,
  { path, secret }: { readonly path: string; readonly secret: string },
): Promise<boolean> {
  for (let look = 0; look < looks; look += 1) {
    const { body } = await city.client.call({ method: 'GET', path: `${path}/top-ups`, secret });
    const text = JSON.stringify(body);
    if (text.includes('"paid"')) return true;
    if (text.includes('"declined"') || !(await passes(city, 0.5))) return false;
  }
  return false;
}
