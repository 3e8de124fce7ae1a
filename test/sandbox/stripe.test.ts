// The fake Stripe keeps Stripe's own rules, seen through the real package: idempotency, error shapes,
// clock, search lag, faults, and a memory that survives a kill.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFaults } from '../../sandbox/provider/faults.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';

const HOUR_MS = 3_600_000;

function connect(url: string): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe('sk_test_x', {
    host: hostname,
    port: Number(port),
    protocol: 'http',
    maxNetworkRetries: 0,
    timeout: 250,
    telemetry: false,
  });
}

let sandbox: StripeSandbox;
let stripe: Stripe;

beforeEach(async () => {
  sandbox = await startStripeSandbox();
  stripe = connect(sandbox.url);
});
afterEach(() => sandbox.close());

type Change = Partial<Stripe.PaymentIntentCreateParams>;

const create = (client: Stripe, key: string, change: Change = {}) =>
  client.paymentIntents.create(
    {
      amount: 1000,
      currency: 'eur',
      capture_method: 'manual',
      confirm: true,
      payment_method: 'pm_card_visa',
      allowed_payment_method_types: ['card'],
      metadata: { order_id: 'ord_1' },
      expand: ['latest_charge'],
      ...change,
    },
    { idempotencyKey: key },
  );

type Failure = {
  readonly statusCode?: number;
  readonly type?: string;
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

const failureOf = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => ({ code: 'no failure' }),
    (error: unknown) => error as Failure,
  );

const count = () => sandbox.control.books().payment_intents.length;

describe('idempotency', () => {
  it('replays status and body for the same key and parameters', async () => {
    const first = await create(stripe, 'k');
    const second = await create(stripe, 'k');
    expect(second).toEqual(first);
    expect(second.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(second.lastResponse.headers['original-request']).toBe(first.lastResponse.requestId);
    expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined();
  });

  it('refuses other parameters, and another endpoint, under a used key', async () => {
    const first = await create(stripe, 'k1');
    const second = await create(stripe, 'k2');
    const mismatch = { statusCode: 400, type: 'StripeIdempotencyError' };
    expect(await failureOf(create(stripe, 'k1', { amount: 1001 }))).toMatchObject(mismatch);
    await stripe.paymentIntents.cancel(first.id, {}, { idempotencyKey: 'c' });
    const other = stripe.paymentIntents.cancel(second.id, {}, { idempotencyKey: 'c' });
    expect(await failureOf(other)).toMatchObject(mismatch);
    expect(count()).toBe(2);
  });

  it('refuses a second request while the first is in flight', async () => {
    sandbox.control.addFault({ kind: 'delay', delayMs: 60 });
    const first = create(stripe, 'k');
    expect(await failureOf(create(stripe, 'k'))).toMatchObject({
      statusCode: 409,
      code: 'idempotency_key_in_use',
    });
    expect((await first).status).toBe('requires_capture');
  });

  it('replays a stored 500 without executing', async () => {
    sandbox.control.addFault({ kind: '500' });
    expect(await failureOf(create(stripe, 'k'))).toMatchObject({ statusCode: 500 });
    const again = await failureOf(create(stripe, 'k'));
    expect(again).toMatchObject({ statusCode: 500, headers: { 'idempotent-replayed': 'true' } });
    expect(again.headers?.['stripe-should-retry']).toBe('false');
    expect(count()).toBe(0);
  });

  it('replays declines, because they were executed', async () => {
    const declined = { payment_method: 'pm_card_visa_chargeDeclined' };
    const first = await failureOf(create(stripe, 'k', declined));
    expect(first).toMatchObject({ statusCode: 402, code: 'card_declined' });
    const again = await failureOf(create(stripe, 'k', declined));
    expect(again.headers?.['idempotent-replayed']).toBe('true');
    expect(count()).toBe(1);
  });

  it.each(['429', '409', '503'] as const)('keeps nothing of a %s', async (kind) => {
    sandbox.control.addFault({ kind });
    expect((await failureOf(create(stripe, 'k'))).statusCode).toBe(Number(kind));
    expect((await create(stripe, 'k')).status).toBe('requires_capture');
  });

  it('keeps nothing of a request refused by validation', async () => {
    expect(await failureOf(create(stripe, 'k', { amount: 1 }))).toMatchObject({
      statusCode: 400,
      code: 'amount_too_small',
    });
    expect((await create(stripe, 'k')).status).toBe('requires_capture');
  });

  it('forgets a key after 24 hours and not before', async () => {
    const first = await create(stripe, 'k');
    sandbox.control.moveClock(23 * HOUR_MS);
    expect((await create(stripe, 'k')).id).toBe(first.id);
    sandbox.control.moveClock(HOUR_MS);
    expect((await create(stripe, 'k')).id).not.toBe(first.id);
  });
});

async function refusal(body: string): Promise<unknown> {
  const response = await fetch(`${sandbox.url}/v1/payment_intents`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_x' },
    body,
  });
  return ((await response.json()) as { readonly error: { readonly code: string } }).error.code;
}

describe('API', () => {
  it('asks for a key', async () => {
    const response = await fetch(`${sandbox.url}/v1/payment_intents`);
    expect(response.status).toBe(401);
  });

  it('refuses parameters that this API version does not have', async () => {
    expect(await refusal('amount=100&currency=eur&payment_method_types[]=card')).toBe(
      'payment_method_types_no_longer_supported',
    );
    expect(await refusal('amount=100&currency=eur&colour=red')).toBe('parameter_unknown');
  });

  it('ends an unused hold after seven days as expired', async () => {
    const { id, latest_charge: charge } = await create(stripe, 'k');
    const details = typeof charge === 'object' ? charge?.payment_method_details : undefined;
    const before = (details?.card?.capture_before ?? 0) * 1000;
    sandbox.control.moveClock(before - Date.now() - 5_000);
    expect((await stripe.paymentIntents.retrieve(id)).status).toBe('requires_capture');
    sandbox.control.moveClock(10_000);
    expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'expired',
      amount_capturable: 0,
    });
  });

  it('makes no refund object of a partial capture or a cancel', async () => {
    const first = await create(stripe, 'k1');
    await stripe.paymentIntents.capture(first.id, { amount_to_capture: 400 });
    await stripe.paymentIntents.cancel((await create(stripe, 'k2')).id);
    expect((await stripe.refunds.list()).data).toEqual([]);
    const charges = sandbox.control.books().charges;
    expect(charges.map((charge) => charge.amount_captured)).toEqual([400, 0]);
    expect(charges.map((charge) => charge.amount_refunded)).toEqual([0, 0]);
  });

  it('captures at once without manual capture, and confirms later when told later', async () => {
    const intent = await create(stripe, 'k', { capture_method: 'automatic', confirm: false });
    expect(intent.status).toBe('requires_confirmation');
    const confirmed = await stripe.paymentIntents.confirm(intent.id);
    expect(confirmed).toMatchObject({ status: 'succeeded', amount_received: 1000 });
    const chargeId = sandbox.control.books().charges[0]?.id ?? '';
    expect(confirmed.latest_charge).toBe(chargeId);
    const charge = await stripe.charges.retrieve(chargeId, {
      expand: ['balance_transaction'],
    });
    expect(charge.balance_transaction).toMatchObject({ fee: 39, net: 961 });
  });

  it('searches behind the truth, lists at once', async () => {
    const { id } = await create(stripe, 'k');
    const search = () => stripe.paymentIntents.search({ query: "metadata['order_id']:'ord_1'" });
    expect((await search()).data).toEqual([]);
    expect((await stripe.paymentIntents.list()).data.map((one) => one.id)).toEqual([id]);
    sandbox.control.moveClock(61_000);
    expect((await search()).data.map((one) => one.id)).toEqual([id]);
  });
});

function randomKinds(seed: number): readonly (string | undefined)[] {
  const faults = createFaults({ seed, rate: 0.1 });
  const facts = { method: 'POST', path: '/v1/x', orderId: undefined, paymentMethod: undefined };
  return Array.from({ length: 2_000 }, () => faults.pick({ ...facts, replay: false })?.kind);
}

describe('faults', () => {
  it('hits the nth request that matches, as often as told', async () => {
    sandbox.control.addFault({
      kind: '503',
      times: 1,
      match: { orderId: 'ord_1', path: '/v1/payment_intents', nth: 2 },
    });
    await create(stripe, 'k0', { metadata: { order_id: 'ord_other' } });
    await create(stripe, 'k1');
    expect((await failureOf(create(stripe, 'k2'))).statusCode).toBe(503);
    await create(stripe, 'k2');
    expect(sandbox.control.listFaults()).toMatchObject([{ seen: 2, left: 0 }]);
  });

  it('can be set, listed and removed over HTTP', async () => {
    const url = `${sandbox.url}/sandbox/faults`;
    const body = JSON.stringify({ kind: '429', match: { path: '/capture' } });
    expect(await (await fetch(url, { method: 'POST', body })).json()).toEqual({ id: 1 });
    expect((await fetch(url, { method: 'POST', body: '{"kind":"x"}' })).status).toBe(400);
    await fetch(`${url}/1`, { method: 'DELETE' });
    expect(await (await fetch(url)).json()).toEqual({ data: [] });
  });

  it('gives the same random faults for the same seed, at the rate asked for', () => {
    expect(randomKinds(7)).toEqual(randomKinds(7));
    expect(randomKinds(7)).not.toEqual(randomKinds(8));
    const hits = randomKinds(7).filter((kind) => kind !== undefined).length;
    expect(hits).toBeGreaterThan(150);
    expect(hits).toBeLessThan(250);
  });
});

describe('memory', () => {
  const running: ChildProcess[] = [];
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'stripe-sandbox-'));
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  async function start(file: string) {
    const main = fileURLToPath(new URL('../../sandbox/stripe/main.ts', import.meta.url));
    const child = spawn(process.execPath, [main, '--port', '0', '--state', file]);
    running.push(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, url: (JSON.parse(String(line)) as { readonly url: string }).url };
  }

  it('survives SIGKILL and a torn last line: objects, keys and clock', async () => {
    const file = path.join(folder, 'journal');
    const first = await start(file);
    const made = await create(connect(first.url), 'k');
    await fetch(`${first.url}/sandbox/clock`, { method: 'POST', body: '{"advanceMs":60000}' });
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    appendFileSync(file, '{"kind":"intent","value":{"id":"pi_torn"');
    const second = await start(file);
    const again = connect(second.url);
    expect((await create(again, 'k')).id).toBe(made.id);
    const books = (await (await fetch(`${second.url}/sandbox/books`)).json()) as {
      readonly now: number;
      readonly payment_intents: readonly { readonly id: string }[];
    };
    expect(books.payment_intents.map(({ id }) => id)).toEqual([made.id]);
    expect(books.now).toBeGreaterThan(Date.now() + 50_000);
    expect((await again.paymentIntents.capture(made.id)).status).toBe('succeeded');
    second.child.kill('SIGKILL');
    await once(second.child, 'exit');
    const third = await start(file);
    const intent = await connect(third.url).paymentIntents.retrieve(made.id);
    expect(intent.status).toBe('succeeded');
  });
});
