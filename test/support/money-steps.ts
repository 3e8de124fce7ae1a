// Every step that moves money, ready to be taken by a worker that may die: what comes before it, how it is carried on,
// and what our own books say of it. The activities are the real ones.

import { sql } from 'kysely';
import { createPayoutActivities } from '../../activities/payouts.ts';
import { createRefundActivities } from '../../activities/refunds.ts';
import { createTipActivities } from '../../activities/tips.ts';
import { createWalletActivities } from '../../activities/wallet.ts';
import type { CrashPoint } from '../../adapters/crash-point.ts';
import { newId } from '../../db/new-id.ts';
import { findRefundTarget } from '../../db/refund-basis.ts';
import { refundsOfOrder, requestRefund } from '../../db/refunds.ts';
import { findTip, requestTip } from '../../db/tips.ts';
import { findTopUp, requestTopUp } from '../../db/top-ups.ts';
import { requestWithdrawal } from '../../db/withdrawals.ts';
import { parseId } from '../../domain/ids.ts';
import type { PayoutRail } from '../../domain/payout.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import type { Loop } from './order-loop.ts';
import { actor, balancesOf } from './paid-order.ts';
import { addParty, askForPayout, earn } from './payouts.ts';
import type { Stage } from './money-stage.ts';

export type Progress = { readonly status: string; readonly isOver: boolean };
type Balances = Readonly<Record<string, number>>;

export type Play = {
  /** One activity, or what an order asks for one after the other. Throws while there is no certain answer. */
  readonly advance: (crashPoint: CrashPoint) => Promise<Progress>;
  /** The payer says yes, if they are asked. */
  readonly confirm: () => Promise<void>;
  /** By account, as the ledger counts: debit positive. Zeros are left out. */
  readonly ledger: () => Promise<Balances>;
  /** The same call once more, and what it was answered before. */
  readonly again: () => Promise<{ readonly now: unknown; readonly before: unknown }>;
};
export type Prepare = (stage: Stage) => Promise<Play>;

const quiet: CrashPoint = () => undefined;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** `settled`: the states of the payment in which the step is over. */
function playOrder(stage: Stage, loop: Loop, settled: readonly string[]): Play {
  return {
    async advance(crashPoint) {
      const { payment } = await loop.run(crashPoint);
      return { status: payment.status, isOver: settled.includes(payment.status) };
    },
    async confirm() {
      const { payment } = await loop.read();
      if (payment.status === 'requires_action') stage.rig.confirm(payment.providerRef);
    },
    ledger: () => balancesOf(stage.market.db, loop.orderId),
    again: () => loop.again(),
  };
}

/** Until the payer’s money is held or taken; nothing goes wrong yet. */
async function pay(stage: Stage, loop: Loop): Promise<void> {
  await loop.say({ kind: 'place' });
  const { payment } = await loop.run();
  if (payment.status !== 'requires_action') return;
  stage.rig.confirm(payment.providerRef);
  loop.news.push(payment.providerRef);
  await loop.run();
}

export const authorize: Prepare = async (stage) => {
  const loop = await stage.openOrder();
  await loop.say({ kind: 'place' });
  return playOrder(stage, loop, ['authorized', 'captured', 'declined']);
};

/** The payer has approved; it is on us to make a hold of it. */
export const holdApproved: Prepare = async (stage) => {
  const loop = await stage.openOrder();
  await loop.say({ kind: 'place' });
  const { payment } = await loop.run();
  if (payment.status !== 'requires_action') throw new Error(payment.status);
  stage.rig.confirm(payment.providerRef);
  loop.news.push(payment.providerRef);
  return playOrder(stage, loop, ['authorized']);
};

/** Less than was held: 5.00 of the goods were not there. */
export const capture: Prepare = async (stage) => {
  const loop = await stage.openOrder();
  await pay(stage, loop);
  const shortage = { line: 0, quantity: 1, missingMinor: 500 };
  await loop.say(
    { kind: 'accept' },
    { kind: 'reportShortage', ...shortage },
    { kind: 'answerShortage', answer: 'remove' },
    { kind: 'markReady' },
    { kind: 'handOver' },
  );
  return playOrder(stage, loop, ['captured']);
};

export const release: Prepare = async (stage) => {
  const loop = await stage.openOrder();
  await pay(stage, loop);
  await loop.say({ kind: 'deny', code: 'capacity' });
  return playOrder(stage, loop, ['voided']);
};

export const renew: Prepare = async (stage) => {
  const policy = {
    ...defaultPolicy,
    renewHoldMs: 7 * dayMs - hourMs,
    orderLifeMs: 14 * dayMs,
    maxHoldRenewals: 1,
  };
  const loop = await stage.openOrder({ policy });
  await pay(stage, loop);
  stage.clock.now += hourMs;
  await loop.say({ kind: 'renewHold' });
  return playOrder(stage, loop, ['authorized']);
};

/** One activity by a row: asked again, it says the same. */
function playRow(
  activity: (crashPoint: CrashPoint) => Promise<Progress>,
  rest: Pick<Play, 'ledger'> & Partial<Play>,
): Play {
  let before: Progress | undefined;
  const advance = async (crashPoint: CrashPoint): Promise<Progress> =>
    (before = inShort(await activity(crashPoint)));
  return {
    advance,
    confirm: async () => undefined,
    again: async () => ({ before, now: inShort(await activity(quiet)) }),
    ...rest,
  };
}

const inShort = ({ status, isOver }: Progress): Progress => ({ status, isOver });

const toolsOf = ({ market, clock, portOf }: Stage, crashPoint: CrashPoint) => ({
  db: market.db,
  now: (): number => clock.now,
  portOf,
  crashPoint,
});

export const refund =
  (amountMinor: number): Prepare =>
  async (stage) => {
    const { db } = stage.market;
    const loop = await stage.openOrder();
    const { orderId } = loop;
    await pay(stage, loop);
    await loop.say({ kind: 'accept' }, { kind: 'markReady' }, { kind: 'handOver' });
    await loop.run();
    const target = await findRefundTarget(db, { scope: { kind: 'platform' }, orderId });
    if (target?.providerRef === undefined) throw new Error('it was never paid');
    const order = { ...target, providerRef: target.providerRef };
    const wish = { kind: 'amount', amountMinor } as const;
    const asked = await db.transaction().execute((trx) =>
      requestRefund(trx, {
        id: newId('refund'),
        order,
        wish,
        fault: 'merchant',
        reason: 'quality',
        actor: { kind: 'system' },
        noteId: undefined,
        again: false,
        now: new Date(stage.clock.now),
      }),
    );
    if (asked.kind === 'refused') throw new Error(asked.refusal.code);
    const ids = (await refundsOfOrder(db, orderId)).flatMap(
      ({ id }) => parseId('refund', id) ?? [],
    );
    return playRow(
      async (crashPoint) => {
        const activities = createRefundActivities(toolsOf(stage, crashPoint));
        const steps: Progress[] = [];
        for (const refundId of ids) steps.push(await activities.advanceRefund({ refundId }));
        return all(steps);
      },
      { ledger: () => balancesOf(db, orderId) },
    );
  };

const all = (steps: readonly Progress[]): Progress => ({
  status: [...new Set(steps.map(({ status }) => status))].join(' '),
  isOver: steps.every(({ isOver }) => isOver),
});

export const tip: Prepare = async (stage) => {
  const { market, rig, clock } = stage;
  const { db } = market;
  const orderId = await market.addOrder({
    currency: rig.currency,
    order_status: 'completed',
    delivery_status: 'delivered',
    is_over: true,
    driver_id: await market.addDriver(),
  });
  const asked = await db.transaction().execute((trx) =>
    requestTip(trx, {
      scope: { kind: 'platform' },
      orderId,
      amountMinor: 200,
      paymentMethod: rig.method,
      actor,
      now: new Date(clock.now),
    }),
  );
  if (asked.kind !== 'requested') throw new Error(asked.kind);
  const name = { orderId, n: 1 };
  return playRow((crashPoint) => createTipActivities(toolsOf(stage, crashPoint)).advanceTip(name), {
    ledger: () => balancesOf(db, orderId),
    confirm: async () => confirmed(stage, await findTip(db, name)),
  });
};

const confirmed = ({ rig }: Stage, row: { readonly provider_ref: string | null } | undefined) =>
  row?.provider_ref ? rig.confirm(row.provider_ref) : undefined;

async function askTopUp(stage: Stage): Promise<Play & { readonly owner: string }> {
  const { market, rig, clock } = stage;
  const { db } = market;
  const topUpId = newId('topUp', clock.now);
  const owner = newId('customer');
  const wish = { id: topUpId, amountMinor: 5_000, paymentMethod: rig.method, actor };
  const wallet = { customerId: owner, currency: rig.currency };
  await db
    .transaction()
    .execute((trx) => requestTopUp(trx, { ...wish, ...wallet, now: new Date(clock.now) }));
  const play = playRow(
    (crashPoint) => createWalletActivities(toolsOf(stage, crashPoint)).advanceTopUp({ topUpId }),
    {
      ledger: () => movedUnder(stage, `${topUpId}:`),
      confirm: async () => confirmed(stage, await findTopUp(db, topUpId)),
    },
  );
  return { ...play, owner };
}

export const topUp: Prepare = askTopUp;

export const withdraw: Prepare = async (stage) => {
  const { market, rig, clock } = stage;
  const filling = await askTopUp(stage);
  for (;;) {
    if ((await filling.advance(quiet)).isOver) break;
    await filling.confirm();
  }
  const id = newId('withdrawal', clock.now);
  const wallet = { customerId: filling.owner, currency: rig.currency };
  const wish = { id, ...wallet, amountMinor: 2_000, actor, now: new Date(clock.now) };
  await market.db.transaction().execute((trx) => requestWithdrawal(trx, wish));
  return playRow(
    (crashPoint) =>
      createWalletActivities(toolsOf(stage, crashPoint)).advanceWithdrawal({ withdrawalId: id }),
    { ledger: () => movedUnder(stage, `${id}:`) },
  );
};

export const payOut: Prepare = async (stage) => {
  const { market, rig, clock } = stage;
  const { payOuts, currency } = rig;
  if (!payOuts) throw new Error(`${rig.provider} pays nobody out`);
  const rail = rig.provider as PayoutRail;
  const party = await addParty(market, { rail, destination: payOuts.destination() });
  const at = new Date(clock.now - hourMs);
  await earn(market.db, party, { amountMinor: 9_000, at, currency });
  const now = new Date(clock.now);
  const payout = { party, period: 'p-1', endsAt: now, now, currency };
  const name = await askForPayout(market, payout);
  return playRow(
    (crashPoint) =>
      createPayoutActivities({
        ...toolsOf(stage, crashPoint),
        payoutPortOf: () => payOuts.port,
      }).advancePayout(name),
    { ledger: () => movedUnder(stage, `${party}:`) },
  );
};

async function movedUnder({ market }: Stage, keysBegin: string): Promise<Balances> {
  const { rows } = await sql<{ account: string; minor: number }>`
    SELECT account, sum(amount_minor)::bigint AS minor FROM ledger_entries
    WHERE starts_with(transaction_key, ${keysBegin}) GROUP BY account HAVING sum(amount_minor) <> 0`.execute(
    market.db,
  );
  return Object.fromEntries(rows.map(({ account, minor }) => [account, minor]));
}
