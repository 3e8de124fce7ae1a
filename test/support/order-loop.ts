// An order's loop without its engine: the domain decides, the real activities ask the provider and record. Each worker
// reads the log first, as one does that follows another who has died.

import { createPaymentActivities } from '../../activities/payments.ts';
import { createRecordActivities } from '../../activities/record.ts';
import type { CrashPoint } from '../../adapters/crash-point.ts';
import type { PaymentPort } from '../../adapters/payment-port.ts';
import { eventOf } from '../../db/record.ts';
import { decide } from '../../domain/decide.ts';
import { fold } from '../../domain/evolve.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { Command, PaymentResult } from '../../domain/messages.ts';
import { initialState, type OrderFacts, type OrderState } from '../../domain/order.ts';
import { paymentCallOf, type PaymentCall } from '../../domain/payment-call.ts';
import { providerOf } from '../../domain/payment-methods.ts';
import { rowOf } from '../../domain/view.ts';
import { createLog } from '../../log.ts';
import { facts as plain } from '../domain/lives.ts';
import type { Market } from '../db/market.ts';
import type { Clock } from './payment-rigs.ts';

type Opening = {
  readonly market: Market;
  readonly clock: Clock;
  readonly portOf: (provider: string) => PaymentPort;
  readonly facts: Partial<OrderFacts>;
};
export type Loop = Awaited<ReturnType<typeof openOrder>>;

const quiet: CrashPoint = () => undefined;
const log = createLog({ name: 'test', level: 'silent' });
const system = { kind: 'system' } as const;

type Worker = ReturnType<typeof workerWhere>;
const workerWhere = (
  { market: { db }, portOf }: Pick<Opening, 'market' | 'portOf'>,
  crashPoint: CrashPoint,
) => ({
  ...createPaymentActivities({ portOf, db, crashPoint }),
  ...createRecordActivities({
    db,
    log,
    crashPoint,
    hint: async () => undefined,
    wakeDispatcher: async () => undefined,
  }),
});

async function readState(db: Market['db'], facts: OrderFacts): Promise<OrderState> {
  const rows = db.selectFrom('order_events').selectAll().where('order_id', '=', facts.orderId);
  const events = (await rows.orderBy('sequence').execute()).map(eventOf);
  return fold(initialState(facts), events);
}

type Said = { readonly command: Command; readonly commandId: string; readonly now: number };

/** The state after it. Throws for a refusal. */
async function tell(
  worker: Worker,
  state: OrderState,
  { command, commandId, now: at }: Said,
): Promise<OrderState> {
  const decision = decide(state, command, at);
  if (decision.kind === 'refused') throw new Error(decision.refusal.code);
  const { events } = decision;
  if (events.length === 0) return state;
  const stamp = { at, actor: system, commandId };
  const next = events.map((event, n) => ({ ...event, sequence: state.sequence + 1 + n, ...stamp }));
  const after = fold(state, next);
  const stored = await worker.record({
    facts: state.facts,
    expectedSequence: state.sequence + 1,
    ...stamp,
    events,
    previousDriverId: undefined,
    row: rowOf(after),
  });
  if (stored.kind === 'found') throw new Error(`somebody else writes to ${state.facts.orderId}`);
  return after;
}

const ask = (worker: Worker, facts: OrderFacts, call: PaymentCall): Promise<PaymentResult> =>
  worker.callProvider({
    orderId: facts.orderId,
    currency: facts.currency,
    provider: providerOf(facts.paymentMethod),
    call,
  });

/** A draft: nothing is said yet. */
export async function openOrder({ market, clock, portOf, facts: given }: Opening) {
  const facts = await writeDraft({ market, clock }, given);
  const read = (): Promise<OrderState> => readState(market.db, facts);
  const workers = (crashPoint: CrashPoint): Worker => workerWhere({ market, portOf }, crashPoint);
  /** What the provider has told of. */
  const news: string[] = [];
  let last: { readonly call: PaymentCall; readonly result: PaymentResult } | undefined;

  /** As one worker does, until nothing is to be asked. Throws what the activities throw. */
  async function run(crashPoint = quiet): Promise<OrderState> {
    const worker = workers(crashPoint);
    let state = await read();
    for (let [ref] = news; ref !== undefined; [ref] = news) {
      const command = { kind: 'checkPayment', providerRef: ref } as const;
      const commandId = `news:${state.sequence}`;
      state = await tell(worker, state, { command, commandId, now: clock.now });
      news.shift();
    }
    for (let call = paymentCallOf(state); call; call = paymentCallOf(state)) {
      const result = await ask(worker, facts, call);
      last = { call, result };
      const command = { ...result, key: call.key };
      const commandId = `answer:${call.key}`;
      state = await tell(worker, state, { command, commandId, now: clock.now });
    }
    return state;
  }

  return {
    orderId: facts.orderId,
    facts,
    news,
    read,
    run,
    /** A person's word, or a deadline's. */
    async say(...commands: readonly Command[]): Promise<void> {
      for (const command of commands) {
        const state = await read();
        const commandId = `${command.kind}:${state.sequence}`;
        await tell(workers(quiet), state, { command, commandId, now: clock.now });
      }
    },
    /** The last call that was answered, made once more; and what it was answered then. */
    async again() {
      if (!last) throw new Error('nothing was asked');
      return { now: await ask(workers(quiet), facts, last.call), before: last.result };
    },
  };
}

/** Collected at the counter: 20.00 of goods, a fifth of it for the platform. */
async function writeDraft(
  { market, clock }: Pick<Opening, 'market' | 'clock'>,
  given: Partial<OrderFacts>,
): Promise<OrderFacts> {
  const orderId: OrderId = await market.addOrder({ delivery_status: 'none', search: 0 });
  const row = await market.db
    .selectFrom('orders')
    .select(['merchant_id', 'branch_id', 'customer_id'])
    .where('id', '=', orderId)
    .executeTakeFirstOrThrow();
  const facts = {
    ...plain,
    orderId,
    merchantId: row.merchant_id,
    branchId: row.branch_id,
    customerId: row.customer_id,
    marketId: market.marketId,
    placedAt: clock.now,
    fulfilment: 'pickup',
    travelMs: 0,
    goodsMinor: 2_000,
    deliveryFeeMinor: 0,
    tipMinor: 0,
    totalMinor: 2_000,
    ...given,
  } as OrderFacts;
  const { currency, totalMinor } = facts;
  const stored = { facts: JSON.stringify(facts), currency, total_minor: totalMinor };
  await market.setOrder(orderId, stored);
  return facts;
}
