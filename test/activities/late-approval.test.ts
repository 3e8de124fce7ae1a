// A payer approves at PayPal after the order has let go of the payment: nothing of the system's own makes a hold of it.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMoneyUpkeep } from '../../activities/money-upkeep.ts';
import { createPaymentActivities } from '../../activities/payments.ts';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import type { CardGateway } from '../../adapters/card-gateway.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { createLog } from '../../log.ts';
import type { OrderId } from '../../domain/ids.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { createMarket, type Market } from '../db/market.ts';
import { rigs, type Rig } from '../support/payment-rigs.ts';
import { quietMoney } from '../support/quiet-money.ts';

const log = createLog({ name: 'test', level: 'silent' });
let market: Market;
let stripe: StripeSandbox;
let gateway: CardGateway;
let rig: Rig;
let orderId: OrderId;
let providerRef: string;
beforeEach(async () => {
  market = await createMarket();
  stripe = await startStripeSandbox();
  gateway = createStripeGateway({ secretKey: 'sk', apiBase: stripe.url, webhookSecret: 'whsec' });
  const start = new Map(rigs).get('paypal');
  if (!start) throw new Error('no PayPal');
  const webhookUrl = 'http://127.0.0.1:9/';
  rig = await start({ db: market.db, clock: { now: Date.now() }, webhookUrl });
  orderId = await market.addOrder({
    order_status: 'pending_payment',
    payment_status: 'requires_action',
    sequence: 5,
    facts: JSON.stringify({ paymentMethod: rig.method }),
    updated_at: new Date(Date.now() - 60_000),
  });
  const answer = await rig.port.authorize({
    orderId,
    attempt: 1,
    key: `${orderId}:authorize:1`,
    amountMinor: 2_350,
    currency: 'EUR',
    paymentMethod: rig.method,
  });
  if (answer.status !== 'requires_action') throw new Error(answer.status);
  ({ providerRef } = answer);
  await market.setOrder(orderId, { provider_ref: providerRef });
  rig.confirm(providerRef);
});
afterEach(async () => {
  await Promise.all([stripe.close(), rig.close()]);
  await market.close();
});

const now = async () => (await rig.port.look({ providerRef })).status;
const letGo = () =>
  market.setOrder(orderId, { is_over: true, order_status: 'cancelled', payment_status: 'voided' });

const check = () =>
  createPaymentActivities({
    portOf: () => rig.port,
    db: market.db,
    crashPoint: () => undefined,
  }).callProvider({
    orderId,
    currency: 'EUR',
    provider: 'paypal',
    call: {
      step: 'check',
      key: `${orderId}:check:3`,
      attempt: 1,
      giveUpAt: Date.now() + 60_000,
      providerRef,
    },
  });

async function askForPayers(): Promise<readonly string[]> {
  const told: string[] = [];
  const [part] = createMoneyUpkeep({
    db: market.db,
    engine: { paymentSettled: async (news) => void told.push(news.orderId) },
    portOf: () => rig.port,
    log,
    money: quietMoney,
  });
  await part();
  return told;
}

describe('a payer’s approval', () => {
  it('becomes a hold when the waiting order asks, and only then', async () => {
    expect(await askForPayers()).toEqual([orderId]);
    expect(await now()).toBe('unconfirmed');
    expect(await check()).toMatchObject({ kind: 'paymentAuthorized', amountMinor: 2_350 });
    expect(await now()).toBe('authorized');
  });

  it('that a check turns into a hold while the order lets go is let go', async () => {
    await letGo();
    await check();
    expect(await now()).toBe('voided');
  });

  it('after the end is only looked at by the nightly comparison', async () => {
    await letGo();
    const others = [rig.port];
    const activities = createReconcileActivities({ db: market.db, gateway, others, log });
    expect(await activities.reconcile()).toMatchObject({ compared: 1, differences: 0 });
    expect(await now()).toBe('unconfirmed');
  });
});
