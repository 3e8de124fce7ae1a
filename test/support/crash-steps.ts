// What people do to a real order, in steps: each insists, as real clients do, until it is answered with yes.

import { expect } from 'vitest';
import { acceptOffer as storeYes } from '../../db/offers.ts';
import { parseId, type DriverId, type OrderId } from '../../domain/ids.ts';
import type { ExternalCommand } from '../../domain/messages.ts';
import type { GoodsKind } from '../../domain/order.ts';
import type { Policy } from '../../domain/policy.ts';
import type { Shop } from './shop.ts';
import type { Stack } from './stack.ts';
import { acceptOffer, insist, paymentsOf } from './truth.ts';

export type Play = { readonly stack: Stack; readonly shop: Shop };
export type Step = (on: Play, orderId: string) => Promise<unknown>;
/** Resolves with the order. */
export type Lead = (on: Play) => Promise<string>;

/** How an order gets there, and how it ends. */
export type Told = {
  /** Of the shop. */
  readonly policy?: Partial<Policy>;
  readonly kind?: GoodsKind;
  /** Nobody takes orders there. */
  readonly noDriver?: boolean;
  /** What comes before; absent for a placing. */
  readonly lead?: Lead;
  /** The doing itself; absent: it comes by itself, `exitMs` after the lead at the latest. */
  readonly act?: Step;
  readonly place?: Lead;
  /** What else is said until the order has its end. */
  readonly finish?: readonly Step[];
  /** Order and payment. */
  readonly end: string;
};
export const after =
  (lead: Lead, ...steps: readonly Step[]): Lead =>
  async (on) => {
    const id = await lead(on);
    for (const step of steps) await step(on, id);
    return id;
  };

/** As a client does that wants its order: the same key until it is answered with yes. */
export const placed =
  (extra: () => object = () => ({})): Lead =>
  async ({ shop }) => {
    const [key, body] = [crypto.randomUUID(), extra()];
    let id = '';
    const answered = async (): Promise<boolean> => {
      const reply = await shop.place(body, key).catch(() => undefined);
      if (reply?.status !== 201 && reply?.status !== 202) return false;
      ({ id } = reply.body);
      return true;
    };
    await expect.poll(answered, patience).toBe(true);
    return id;
  };

const card = (token: string) => () => ({ payment: { method: 'card', token } });
export const declined: Lead = placed(card('pm_card_visa_chargeDeclinedInsufficientFunds'));
export const toConfirm: Lead = placed(card('pm_card_threeDSecure2Required'));

/** Longer than a time-out of the engine and what follows it. */
const patience = { timeout: 60_000, interval: 100 } as const;

export const until =
  (wanted: object): Step =>
  async ({ shop }, id) => {
    await expect.poll(() => shop.order(id), patience).toMatchObject(wanted);
  };

/** Until the log holds an event of this type. */
export const seen =
  (type: string): Step =>
  async ({ stack }, id) => {
    const events = stack.db.selectFrom('order_events').select('type').where('order_id', '=', id);
    const types = async () => (await events.execute()).map((event) => event.type);
    await expect.poll(types, patience).toContain(type);
  };

type Saying = {
  readonly who: (on: Play) => string;
  readonly path: string;
  readonly body: object;
  /** Of what is said more than once. */
  readonly nth?: string;
};
const says =
  ({ who, path, body, nth = '1' }: Saying): Step =>
  (on, id) => {
    const whole = path.replace(':id', id);
    const ask = { secret: who(on), path: whole, body, key: `${whole}-${nth}` };
    return insist(() => on.shop.post(ask));
  };

export const merchant = (what: string, body: object = {}): Step =>
  says({ who: ({ shop }) => shop.merchantKey, path: `/v1/orders/:id/${what}`, body });
export const driver = (what: string, body: object = {}, nth = '1'): Step =>
  says({ who: ({ shop }) => shop.driverKey, path: `/v1/orders/:id/${what}`, body, nth });
export const support =
  (action: string, given: (on: Play) => object | Promise<object> = () => ({})): Step =>
  async (on, id) => {
    const path = `/v1/support/orders/:id/actions/${action}`;
    const body = { reason: 'other', ...(await given(on)) };
    return says({ who: ({ stack }) => stack.adminKey, path, body })(on, id);
  };

export const takeOffer: Step = ({ shop }, id) => acceptOffer(shop, id);

/** As an API that dies right after the driver's yes is stored. */
export const takeOfferUntold: Step = async ({ stack: { db } }, orderId) => {
  const { offer_id: offerId, driver_id: driverId } = await db
    .selectFrom('offer_orders')
    .innerJoin('offers', 'offers.id', 'offer_id')
    .select(['offer_id', 'driver_id'])
    .where('order_id', '=', orderId)
    .where('offer_orders.status', '=', 'open')
    .executeTakeFirstOrThrow();
  expect(await storeYes(db, { offerId, driverId, now: Date.now() })).toMatchObject({
    kind: 'done',
  });
};

async function offersTo({ shop }: Play): Promise<readonly { readonly id: string }[]> {
  const { body } = await shop.get({ secret: shop.driverKey, path: '/v1/offers?wait=1' });
  return body['data'] as readonly { readonly id: string }[];
}

/** Until the driver is asked; nobody answers yet. */
export const offered: Step = async (on) => {
  await expect.poll(() => offersTo(on), patience).not.toEqual([]);
};

export const declineOffer: Step = async (on) => {
  const { driverKey: secret, post } = on.shop;
  for (const { id } of await offersTo(on))
    await insist(() => post({ secret, path: `/v1/offers/${id}/decline`, key: `decline-${id}` }));
};

/** The customer confirms at the bank; the provider tells. */
export const authenticate: Step = async ({ stack }, id) => {
  const [payment] = await paymentsOf(stack, id);
  stack.stripe.control.authenticate(String(payment?.id), 'succeed');
};

export const declineCaptures =
  (times: number): Step =>
  async ({ stack }, orderId) =>
    stack.stripe.control.addFault({
      kind: 'declined',
      times,
      match: { path: '/capture', orderId },
    });

/** The fake fleet cancels this order no more. */
export const deafenPartner: Step = async ({ stack }, orderId) => {
  const made = stack.fleet.fleet.all().find((each) => each.external_id.startsWith(orderId));
  const path = `/deliveries/${made?.id}/cancel`;
  stack.fleet.addFault({ kind: '503', times: 1_000, match: { path } });
};

const idOf = (text: string): OrderId => {
  const id = parseId('order', text);
  if (!id) throw new Error(`no order id: ${text}`);
  return id;
};

/** What no route of the API sends. */
export const tell =
  (command: ExternalCommand): Step =>
  async ({ stack }, id) => {
    const said = () =>
      stack.engine.send({
        orderId: idOf(id),
        command,
        actor: { kind: 'support', id: 'key_proof' },
        commandId: `${command.kind}-${id}`,
        deadlineMs: 10_000,
      });
    await expect.poll(said, patience).toMatchObject({ kind: 'done' });
  };

export async function anotherDriver({ shop, stack }: Play): Promise<DriverId> {
  const { body } = await shop.post({
    secret: stack.adminKey,
    path: '/v1/admin/drivers',
    body: { market_id: shop.ids.market, name: 'Olga Other', phone: '+4915100000003' },
  });
  return body.id as DriverId;
}
