// The end of a day: every merchant and driver asks to be paid out what they have earned, and it reaches their bank.

import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, type ApiClient } from './http.ts';
import type { Identity, Market } from './open-market.ts';
import { idOf, readPayouts, type PayoutView } from './wire.ts';

export type PayDay = {
  readonly paid: number;
  readonly paidMinor: number;
  /** Parties to whom nothing was due. */
  readonly nothingDue: number;
  /** Payouts that did not arrive, with why. */
  readonly others: readonly string[];
};

type Paying = {
  readonly client: ApiClient;
  readonly adminKey: string;
  readonly market: Market;
  readonly signal: AbortSignal | undefined;
};

const lookEveryMs = 250;
/** A payout that a killed worker held is taken up again within half a minute. */
const arriveWithinMs = 120_000;

export async function payEverybody(paying: Paying): Promise<PayDay> {
  const { merchants, drivers } = paying.market;
  const asked = [
    ...(await Promise.all([...merchants.values()].map((each) => ask(paying, 'merchants', each)))),
    ...(await Promise.all([...drivers.values()].map((each) => ask(paying, 'drivers', each)))),
  ];
  const ids = new Set(asked.flatMap(({ id }) => id ?? []));
  const refused = asked.flatMap(({ code }) => code ?? []);
  const payouts = await arrival(paying, ids);
  const paid = payouts.filter(({ status }) => status === 'paid');
  return {
    paid: paid.length,
    paidMinor: paid.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    nothingDue: refused.filter((code) => code === 'payout_too_small').length,
    others: [
      ...refused.filter((code) => code !== 'payout_too_small'),
      ...payouts.flatMap(({ status, code }) => (status === 'paid' ? [] : [`${status} ${code}`])),
    ],
  };
}

type Asked = { readonly id?: string; readonly code?: string };

async function ask(
  { client, signal }: Paying,
  which: 'merchants' | 'drivers',
  { id, secret }: Identity,
): Promise<Asked> {
  const until = Date.now() + arriveWithinMs;
  for (let n = 1; ; n++) {
    const { status, body } = await client.call({
      method: 'POST',
      path: `/v1/${which}/${id}/payouts`,
      secret,
      body: {},
      idempotencyKey: `pay-day-${id}-${n}`,
    });
    if (status < 300) return { id: idOf(body) };
    const code = codeOf(body) ?? `HTTP ${status}`;
    // The account of a short day is perhaps not looked at yet.
    if (code !== 'payout_held' || Date.now() > until || signal?.aborted) return { code };
    await delay(4 * lookEveryMs);
  }
}

/** The payouts, as soon as none of them is under way any more. */
async function arrival(
  { client, adminKey, market, signal }: Paying,
  ids: ReadonlySet<string>,
): Promise<readonly PayoutView[]> {
  const until = Date.now() + arriveWithinMs;
  for (;;) {
    const all: PayoutView[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await client.call({
        method: 'GET',
        path: `/v1/admin/payouts?market_id=${market.id}&limit=100${query}`,
        secret: adminKey,
      });
      const page = readPayouts(body);
      all.push(...page.payouts.filter(({ id }) => ids.has(id)));
      cursor = page.next;
    }
    const over = all.every(({ finished }) => finished) && all.length === ids.size;
    if (over || Date.now() > until || signal?.aborted) return all;
    await delay(lookEveryMs);
  }
}
