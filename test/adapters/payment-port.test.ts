// One contract for every provider of payments, each over HTTP against its fake: whatever happens on the way, one effect,
// the right amount, and an answer that can be believed.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CaptureAnswer, PaymentTruth, RefundAnswer } from '../../adapters/card-gateway.ts';
import { isOutage } from '../../adapters/outage.ts';
import type { Incoming } from '../../adapters/payment-port.ts';
import { newId } from '../../db/new-id.ts';
import { methodTraits } from '../../domain/payment-methods.ts';
import { POST_FAULTS } from '../../sandbox/provider/faults.ts';
import { createMarket, type Market } from '../db/market.ts';
import { rigs, type Clock, type Rig } from '../support/payment-rigs.ts';

const minuteMs = 60_000;

let market: Market;
let inbox: Incoming[];
let server: Server;
let webhookUrl: string;
beforeAll(async () => {
  market = await createMarket();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = request.headers as Incoming['headers'];
      inbox.push({ rawBody: Buffer.concat(chunks).toString('utf8'), headers });
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await market.close();
});

describe.each(rigs)('%s', (name, start) => {
  const traits = methodTraits[name];
  const clock: Clock = { now: 0 };
  let rig: Rig;
  let orderId: string;
  let startedAt: number;
  beforeEach(async () => {
    inbox = [];
    clock.now = Date.now();
    startedAt = clock.now;
    orderId = newId('order');
    rig = await start({ db: market.db, clock, webhookUrl });
  });
  afterEach(() => rig.close());

  const amountMinor = 2_350;
  const authorize = (attempt = 1, method = rig.method) =>
    rig.port.authorize({
      orderId,
      attempt,
      key: `${orderId}:authorize:${attempt}`,
      amountMinor,
      currency: rig.currency,
      paymentMethod: method,
      firstSentAt: startedAt,
    });

  /** As the engine does: outages are asked again with the same key, later and later; a definitive no gets the next. */
  async function insist<T extends { readonly status: string }>(
    ask: (n: number) => Promise<T>,
  ): Promise<T> {
    let n = 1;
    for (let tries = 0; tries < 12; tries++) {
      try {
        const answer = await ask(n);
        if (answer.status !== 'not_executed') return answer;
        n += 1;
      } catch (error) {
        if (!isOutage(error)) throw error;
        clock.now += minuteMs;
      }
    }
    throw new Error('no answer in the end');
  }

  async function pay(): Promise<string> {
    const answer = await insist(authorize);
    const providerRef = 'providerRef' in answer ? (answer.providerRef ?? '') : '';
    rig.confirm(providerRef);
    return providerRef;
  }
  const truth = (providerRef: string): Promise<PaymentTruth> =>
    insist(() => rig.port.retrieve({ providerRef }));
  const capture = (providerRef: string, amount = amountMinor): Promise<CaptureAnswer> =>
    insist((n) =>
      rig.port.capture({
        orderId,
        providerRef,
        amountMinor: amount,
        key: `${orderId}:capture:${n}`,
        firstSentAt: startedAt,
      }),
    );
  const refund = (providerRef: string, amount: number, id = 'a'): Promise<RefundAnswer> =>
    insist((n) =>
      rig.port.refund({
        orderId,
        providerRef,
        amountMinor: amount,
        key: `${orderId}:refund:${id}:${n}`,
        firstSentAt: startedAt,
      }),
    );
  const release = (providerRef: string | undefined, n = 1) =>
    rig.port.void({
      orderId,
      providerRef,
      attempt: 1,
      key: `${orderId}:void:${n}`,
      firstSentAt: startedAt,
    });
  const held = traits.takes === 'hold' ? 'authorized' : 'captured';

  it('grants what was asked for, and says so again', async () => {
    const providerRef = await pay();
    expect(await truth(providerRef)).toMatchObject({ status: held, providerRef, amountMinor });
    expect(await truth(providerRef)).toMatchObject({ status: held });
    expect(await insist(authorize)).toMatchObject({ status: held, providerRef });
    expect((await rig.books()).begun).toBe(1);
  });

  it('waits for the payer where the method asks them, and never else', async () => {
    const answer = await insist(authorize);
    expect(answer.status === 'requires_action').toBe(traits.asynchronous);
    expect('clientSecret' in answer ? answer.clientSecret : 'none needed').not.toBe('');
  });

  it('answers what it does not know', async () => {
    expect(await rig.port.retrieve({ providerRef: 'pi_nothing' })).toEqual({ status: 'unknown' });
    expect(await capture('pi_nothing')).toMatchObject({
      status: 'failed',
      code: 'unknown_payment',
    });
    expect(await refund('pi_nothing', 1)).toMatchObject({
      status: 'failed',
      code: 'unknown_payment',
    });
  });

  it('says no for a payer who cannot pay', async () => {
    if (rig.poor === undefined) return;
    const answer = await insist((n) => authorize(n, rig.poor));
    const providerRef = 'providerRef' in answer ? (answer.providerRef ?? '') : '';
    rig.confirm(providerRef);
    // A wallet says no at once, and nothing is left that could be asked about.
    const seen = providerRef === '' ? answer : await truth(providerRef);
    expect(seen).toMatchObject({ code: 'insufficient_funds' });
    expect((await rig.books()).taken).toEqual([]);
  });

  it.each(POST_FAULTS)('asks for the money once: %s', async (kind) => {
    rig.addFault({ kind, match: { method: 'POST', path: rig.paths.authorize } });
    const providerRef = await pay();
    expect(await truth(providerRef)).toMatchObject({ status: held, amountMinor });
    await capture(providerRef);
    expect((await rig.books()).taken).toEqual([amountMinor]);
    // A card is asked anew under the next key after a definitive failure; a person is never asked twice.
    expect((await rig.books()).begun).toBeLessThanOrEqual(traits.asynchronous ? 1 : 2);
  });

  it('takes the whole once, and says no to another amount', async () => {
    const providerRef = await pay();
    await truth(providerRef);
    expect(await capture(providerRef)).toMatchObject({ status: 'captured', amountMinor });
    expect(await capture(providerRef)).toMatchObject({ status: 'captured', amountMinor });
    expect(await capture(providerRef, 1_000)).toMatchObject({
      status: 'failed',
      code: 'already_captured',
      capturedMinor: amountMinor,
    });
    expect((await rig.books()).taken).toEqual([amountMinor]);
  });

  it.runIf(traits.takes === 'hold')('takes a part, never more than was granted', async () => {
    const providerRef = await pay();
    await truth(providerRef);
    expect(await capture(providerRef, amountMinor + 1)).toMatchObject({
      code: 'amount_too_large',
    });
    const part = await rig.port.capture({
      orderId,
      providerRef,
      amountMinor: 2_000,
      key: `${orderId}:capture:9`,
    });
    expect(part).toMatchObject({ status: 'captured', amountMinor: 2_000 });
    expect((await rig.books()).taken).toEqual([2_000]);
  });

  it.runIf(traits.takes === 'hold').each(POST_FAULTS)('takes it once: %s', async (kind) => {
    const providerRef = await pay();
    await truth(providerRef);
    rig.addFault({ kind, match: { method: 'POST', path: rig.paths.capture } });
    expect(await capture(providerRef)).toMatchObject({ status: 'captured', amountMinor });
    expect((await rig.books()).taken).toEqual([amountMinor]);
  });

  it.runIf(name === 'stripe' || name === 'paypal')(
    'takes a capture that was refused for none, and can take it later',
    async () => {
      const providerRef = await pay();
      await truth(providerRef);
      rig.captures?.refuseNext();
      const input = { orderId, providerRef, amountMinor };
      const refused = await rig.port.capture({ ...input, key: `${orderId}:capture:1` });
      expect(refused).toEqual({ status: 'failed', code: 'capture_declined' });
      expect(await rig.port.look({ providerRef })).toMatchObject({ status: 'authorized' });
      expect(await refund(providerRef, 500)).toMatchObject({ code: 'not_captured' });
      const again = await rig.port.capture({ ...input, key: `${orderId}:capture:2` });
      expect(again).toMatchObject({ status: 'captured', amountMinor });
      expect((await rig.books()).taken).toEqual([amountMinor]);
    },
  );

  it.runIf(name === 'paypal').each(['taken', 'refused'] as const)(
    'waits for a capture that the provider still looks at, sends none beside it, until it is %s',
    async (how) => {
      const providerRef = await pay();
      await truth(providerRef);
      rig.captures?.pendNext?.();
      const key = `${orderId}:capture:1`;
      const ask = () => rig.port.capture({ orderId, providerRef, amountMinor, key });
      for (const asked of [ask, ask, () => rig.port.look({ providerRef })])
        await expect(asked()).rejects.toSatisfy(isOutage);
      clock.now += 25 * 60 * minuteMs;
      await expect(ask()).rejects.toSatisfy(isOutage);
      await expect(release(providerRef)).rejects.toSatisfy(isOutage);
      rig.captures?.settle?.(providerRef, how);
      const isTaken = how === 'taken';
      expect(await ask()).toMatchObject(
        isTaken ? { status: 'captured', amountMinor } : { code: 'capture_declined' },
      );
      expect((await release(providerRef)).status).toBe(isTaken ? 'captured' : 'voided');
      expect((await rig.books()).taken).toEqual(isTaken ? [amountMinor] : []);
    },
  );

  it.runIf(traits.takes === 'hold')(
    'lets go, again and again, and takes nothing afterwards',
    async () => {
      const providerRef = await pay();
      await truth(providerRef);
      expect(await release(providerRef)).toEqual({ status: 'voided' });
      expect(await release(providerRef, 2)).toEqual({ status: 'voided' });
      expect(await capture(providerRef)).toMatchObject({ code: 'already_voided' });
      expect((await rig.books()).taken).toEqual([]);
    },
  );

  it('only looks, whatever the payer has said', async () => {
    const providerRef = await pay();
    const before = JSON.stringify(await rig.books());
    expect(await rig.port.look({ providerRef })).toMatchObject({
      status: name === 'paypal' ? 'unconfirmed' : held,
    });
    expect(JSON.stringify(await rig.books())).toBe(before);
    expect(await truth(providerRef)).toMatchObject({ status: held });
    expect(await rig.port.look({ providerRef })).toMatchObject({ status: held });
  });

  it.runIf(traits.takes === 'hold')(
    'lets go of what the payer has approved, whoever asks for the hold afterwards',
    async () => {
      const providerRef = await pay();
      expect(await release(providerRef)).toEqual({ status: 'voided' });
      expect((await truth(providerRef)).status).toBe('voided');
      clock.now += 24 * 60 * minuteMs;
      expect((await truth(providerRef)).status).toBe('voided');
    },
  );

  it.runIf(traits.takes === 'at_once')(
    'cannot promise to let go while the payer may still say yes',
    async () => {
      const answer = await insist(authorize);
      const providerRef = 'providerRef' in answer ? answer.providerRef : undefined;
      await expect(release(providerRef)).rejects.toSatisfy(isOutage);
      clock.now += 11 * minuteMs;
      expect(await release(providerRef)).toEqual({ status: 'voided' });
    },
  );

  it('says what it found when it should let go of what was taken', async () => {
    const providerRef = await pay();
    await truth(providerRef);
    await capture(providerRef);
    expect(await release(providerRef)).toMatchObject({
      status: 'captured',
      providerRef,
      amountMinor,
    });
  });

  it('after letting go of what was never answered, a late request holds nothing', async () => {
    expect(await insist(() => release(undefined))).toEqual({ status: 'nothing_to_void' });
    const late = await authorize().catch(() => undefined);
    expect(['authorized', 'captured']).not.toContain(late?.status);
    expect((await rig.books()).taken).toEqual([]);
  });

  it('gives back a part once per key, and not more than was taken', async () => {
    const providerRef = await pay();
    await truth(providerRef);
    await capture(providerRef);
    expect(await refund(providerRef, 500)).toMatchObject({ status: 'refunded', amountMinor: 500 });
    expect(await refund(providerRef, 500)).toMatchObject({ status: 'refunded', amountMinor: 500 });
    expect(await refund(providerRef, 300, 'b')).toMatchObject({ status: 'refunded' });
    expect(await refund(providerRef, 2_351, 'c')).toMatchObject({ code: 'amount_too_large' });
    expect((await rig.books()).givenBack).toEqual([500, 300]);
    expect(await rig.port.look({ providerRef })).toMatchObject({ status: 'captured', amountMinor });
  });

  it.runIf(traits.remote)('shows in its books what was given back under a key', async () => {
    const providerRef = await pay();
    await truth(providerRef);
    await capture(providerRef);
    const shown = (id: string) =>
      rig.port.findRefund?.({ providerRef, key: `${orderId}:refund:${id}:1` });
    await refund(providerRef, 500);
    const currency = expect.stringMatching(/^[A-Z]{3}$/);
    expect(await shown('a')).toMatchObject({ status: 'refunded', amountMinor: 500, currency });
    expect(await shown('b')).toBeUndefined();
    expect((await rig.books()).givenBack).toEqual([500]);
  });

  it('gives nothing back of what was not taken', async () => {
    const answer = await insist(authorize);
    const providerRef = 'providerRef' in answer ? (answer.providerRef ?? '') : '';
    expect(await refund(providerRef, 500)).toMatchObject({ code: 'not_captured' });
  });

  it.each(POST_FAULTS)('gives back once: %s', async (kind) => {
    const providerRef = await pay();
    await truth(providerRef);
    await capture(providerRef);
    rig.addFault({ kind, match: { method: 'POST', path: rig.paths.refund } });
    expect(await refund(providerRef, 500)).toMatchObject({ status: 'refunded', amountMinor: 500 });
    expect((await rig.books()).givenBack).toEqual([500]);
  });

  it('gives back once when the answer is fetched after the provider forgot the key', async () => {
    const providerRef = await pay();
    await truth(providerRef);
    await capture(providerRef);
    await refund(providerRef, 500);
    clock.now += 25 * 60 * minuteMs;
    expect(await refund(providerRef, 500)).toMatchObject({ status: 'refunded', amountMinor: 500 });
    expect((await rig.books()).givenBack).toEqual([500]);
  });

  it.runIf(traits.remote)(
    'tells what happened by webhook; what is not its own is refused',
    async () => {
      const providerRef = await pay();
      await truth(providerRef);
      await expect.poll(() => inbox.length, { timeout: 5_000 }).toBeGreaterThan(0);
      const facts = await Promise.all(inbox.map((incoming) => rig.port.readWebhook(incoming)));
      const news = facts.filter((fact) => fact.kind === 'payment_changed');
      expect(news[0]).toMatchObject({ providerRef, orderId });
      const [first] = inbox;
      if (first === undefined) throw new Error('no webhook');
      const again = await rig.port.readWebhook(first);
      expect(again).toMatchObject(
        facts[0]?.kind === 'refused' ? {} : { eventId: facts[0]?.eventId },
      );
      // CamPay signs inside the body, all others in a header.
      const forgeries = [
        { ...first, rawBody: 'x' },
        { ...first, headers: {} },
      ];
      for (const forged of forgeries.slice(0, name === 'campay' ? 1 : 2))
        expect(await rig.port.readWebhook(forged)).toMatchObject({ kind: 'refused' });
    },
  );
});
