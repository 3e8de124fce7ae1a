// Payouts by mobile money over HTTP against the fakes, which know no idempotency keys or their own: a phone is paid once.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCampayApi } from '../../adapters/campay.ts';
import { createMobileMoneyPayouts, type MobileMoneyApi } from '../../adapters/mobile-money.ts';
import { createNoupayApi } from '../../adapters/noupay.ts';
import { isOutage } from '../../adapters/outage.ts';
import type { PayAnswer, PayoutPort } from '../../adapters/payout-port.ts';
import { newId } from '../../db/new-id.ts';
import { claimPayment } from '../../db/payment-claims.ts';
import { payoutKey } from '../../domain/payout.ts';
import { startCampay } from '../../sandbox/mobile-money/campay.ts';
import { startNoupay } from '../../sandbox/mobile-money/noupay.ts';
import { POST_FAULTS } from '../../sandbox/provider/faults.ts';
import { createMarket, type Market } from '../db/market.ts';
import { claimsBy } from '../support/claims.ts';

const phones: Readonly<Record<string, string>> = {
  'campay:note_1': '+237670000000',
  'campay:note_404': '+237670000404',
};
const minuteMs = 60_000;
let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

const name = () => ({ party: newId('merchant'), period: '2026-05-04' });

describe.each(['campay', 'noupay'] as const)('%s', (provider) => {
  const [payPath, findPath] =
    provider === 'campay' ? ['/withdraw', '/history'] : ['/payouts', '/transactions'];
  const apiAt = (baseUrl: string): MobileMoneyApi =>
    provider === 'campay'
      ? createCampayApi({ baseUrl, timeoutMs: 400, token: 't', webhookKey: 'secret' })
      : createNoupayApi({ baseUrl, timeoutMs: 400, apiKey: 'k', webhookSecret: 'secret' });
  let now: number;
  let fake: Awaited<ReturnType<typeof startCampay>> | Awaited<ReturnType<typeof startNoupay>>;
  let port: PayoutPort;
  beforeAll(async () => {
    fake = provider === 'campay' ? await startCampay() : await startNoupay();
  });
  afterAll(() => fake.close());
  afterEach(() => {
    vi.useRealTimers();
    fake.book.lag(0);
  });
  beforeEach(() => {
    now = Date.now();
    port = createMobileMoneyPayouts({
      provider,
      api: apiAt(fake.url),
      phoneOf: async (destination) => phones[destination],
      claim: claimsBy(market.db, () => now),
    });
  });

  const pay = (
    payout: ReturnType<typeof name>,
    { n = 1, destination = 'campay:note_1', firstSentAt = now, through = port } = {},
  ): Promise<PayAnswer> =>
    through.pay({
      name: `${payout.party}:${payout.period}`,
      key: payoutKey(payout, n),
      amountMinor: 5_000,
      currency: 'XAF',
      destination,
      instant: false,
      firstSentAt,
    });
  const paid = ({ party }: ReturnType<typeof name>) =>
    fake.book.all().filter(({ reference }) => reference.startsWith(party));

  it('pays a phone, and says the same again without paying again', async () => {
    const payout = name();
    expect(await pay(payout)).toMatchObject({ status: 'paid' });
    expect(await pay(payout)).toMatchObject({ status: 'paid' });
    expect(paid(payout)).toMatchObject([{ kind: 'payout', amount: '5000', phone: '237670000000' }]);
  });

  it('says that there is no such account, and pays nobody', async () => {
    const payout = name();
    expect(await pay(payout, { destination: 'campay:note_404' })).toEqual({
      status: 'failed',
      code: 'account_refused',
    });
    expect(await pay(name(), { destination: 'campay:note_erased' })).toEqual({
      status: 'failed',
      code: 'account_unknown',
    });
    expect(paid(payout)).toEqual([]);
  });

  it.each(POST_FAULTS)('pays once although the answer is lost: %s', async (kind) => {
    const payout = name();
    fake.addFault({ kind, match: { method: 'POST', path: payPath } });
    const first = await pay(payout).catch((error: unknown) => error);
    expect(isOutage(first)).toBe(true);
    const firstSentAt = now;
    now += 6 * minuteMs;
    let answer: PayAnswer = { status: 'not_executed' };
    for (let n = 1; answer.status === 'not_executed'; n++) {
      answer = await pay(payout, { n, firstSentAt });
    }
    expect(answer).toMatchObject({ status: 'paid' });
    expect(paid(payout)).toHaveLength(1);
  });

  it('counts from the sending how long a request may be under way, not from the decision', async () => {
    const payout = name();
    fake.addFault({ kind: 'timeout', match: { method: 'POST', path: payPath } });
    const firstSentAt = now - 60 * minuteMs;
    await expect(pay(payout, { firstSentAt })).rejects.toSatisfy(isOutage);
    await expect(pay(payout, { firstSentAt })).rejects.toMatchObject({ code: 'not_settled' });
    now += 6 * minuteMs;
    expect(await pay(payout, { firstSentAt })).toEqual({ status: 'not_executed' });
  });

  it('believes the clock of the database, not of a worker whose own is fast', async () => {
    const workers = createMobileMoneyPayouts({
      provider,
      api: apiAt(fake.url),
      phoneOf: async (destination) => phones[destination],
      claim: (key, kind) => claimPayment(market.db, key, kind),
    });
    const payout = name();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * minuteMs });
    fake.book.lag(minuteMs);
    fake.addFault({ kind: 'execute_then_drop', match: { method: 'POST', path: payPath } });
    await expect(pay(payout, { through: workers })).rejects.toSatisfy(isOutage);
    await expect(pay(payout, { through: workers })).rejects.toMatchObject({ code: 'not_settled' });
    vi.setSystemTime(Date.now() + minuteMs);
    expect(await pay(payout, { through: workers })).toMatchObject({ status: 'paid' });
    expect(paid(payout)).toHaveLength(1);
  });

  it('concludes nothing from a look-up that was refused', async () => {
    const payout = name();
    fake.addFault({ kind: 'execute_then_drop', match: { method: 'POST', path: payPath } });
    await expect(pay(payout)).rejects.toSatisfy(isOutage);
    now += 6 * minuteMs;
    fake.addFault({ kind: 'declined', match: { path: findPath } });
    await expect(pay(payout)).rejects.toMatchObject({ code: 'server_error' });
    expect(await pay(payout)).toMatchObject({ status: 'paid' });
    expect(paid(payout)).toHaveLength(1);
  });

  it.each([
    ['no list', {}],
    ['nothing in its place', { data: null }],
    ['a list of others', { data: [{ reference: 'another', external_reference: 'another' }] }],
  ])('concludes nothing from %s', async (_what, body) => {
    const server = createServer((_request, response) => response.end(JSON.stringify(body)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { find } = apiAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await expect(find('ours')).rejects.toMatchObject({ code: 'server_error' });
    await new Promise((resolve) => server.close(resolve));
  });

  it('names the payout in its news, which are no payment’s', async () => {
    const payout = name();
    const news = () => {
      const [notice] = fake.notices.waiting().slice(-1);
      const incoming = { rawBody: notice?.body ?? '', headers: notice?.headers ?? {} };
      return apiAt(fake.url).readWebhook(incoming);
    };
    const ours = { kind: 'payout_changed', providerRef: `${payout.party}:${payout.period}` };
    await pay(payout);
    expect(news()).toMatchObject({ ...ours, type: expect.stringMatching(/^payout\.\w+$/) });
    expect(fake.book.takeBack(paid(payout)[0]?.id ?? '')).toBe(true);
    // As the cards' provider says it, so that what was paid is looked at again.
    expect(news()).toMatchObject({ ...ours, type: 'payout.failed' });
    expect(await pay(payout)).toEqual({ status: 'failed', code: 'bank_refused' });
  });
});
