// The write-once step: a transition's events, the read model, offers and ledger in one transaction. Whatever is
// stored at the expected sequence already wins, and the caller must follow it.

import { sql, type Transaction } from 'kysely';
import type { OrderEvent, OrderEventBody } from '../domain/events.ts';
import { moveAddress } from './address-changes.ts';
import { pauseIfSilent, tabletSeen } from './branches.ts';
import type { Db } from './connect.ts';
import { post, postingOf } from './ledger.ts';
import { forgetGoods, rememberGoods } from './goods.ts';
import { lockToGive, markAssigned, withdrawOpenOffers, withdrawOrder } from './offers.ts';
import { giveBack } from './refunds.ts';
import type { Database } from './schema.ts';
import { providerOf } from '../domain/payment-methods.ts';
import type { Recorded, RecordInput } from '../domain/step.ts';

/** Idempotent; safe to call again with other arguments after a crash. Throws when the order has no draft. */
export async function record(db: Db, input: RecordInput): Promise<Recorded> {
  if (input.events.length === 0) return found(db, input);
  try {
    if (input.events.some(touchesMore)) {
      await db.transaction().execute(async (trx) => {
        const driverId = givenByHand(input);
        if (driverId !== undefined)
          await lockToGive(trx, { orderId: input.facts.orderId, driverId });
        await append(trx, input);
        await writeMore(trx, input);
      });
    } else {
      await append(db, input);
    }
    return { kind: 'stored' };
  } catch (error) {
    if (isSequenceTaken(error)) return found(db, input);
    throw error;
  }
}

/** The driver who gets the delivery without having been offered it. */
function givenByHand({ actor, events }: RecordInput): string | undefined {
  for (const event of events) {
    if (event.type === 'delivery.transferred') return event.driverId;
    if (event.type === 'delivery.assigned' && actor.kind === 'support') return event.driverId;
  }
  return undefined;
}

const isSequenceTaken = (error: unknown): boolean => {
  const { code, table } = error as { readonly code?: string; readonly table?: string };
  return code === '23505' && table?.startsWith('order_events') === true;
};

const time = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));

/** Events and read model in one statement, hence in one transaction and one round trip. */
async function append(db: Db | Transaction<Database>, input: RecordInput): Promise<void> {
  const { facts, row, events } = input;
  const at = new Date(input.at);
  const served = events.find(isService);
  const result = await sql`
    WITH appended AS (
      INSERT INTO order_events (order_id, sequence, merchant_id, type, body, actor, command_id, at)
      SELECT ${facts.orderId}, ${input.expectedSequence}::int + n - 1, ${facts.merchantId}, e->>'type', e - 'type',
             ${JSON.stringify(input.actor)}::jsonb, ${input.commandId}, ${at}
      FROM jsonb_array_elements(${JSON.stringify(events)}::jsonb) WITH ORDINALITY AS event(e, n)
    ), served AS (
      UPDATE drivers SET served_at = ${at} WHERE id = ${served?.driverId ?? null}
    )
    UPDATE orders SET
      sequence = ${row.sequence}, status = ${row.status}, order_status = ${row.orderStatus},
      delivery_status = ${row.deliveryStatus}, payment_status = ${row.paymentStatus},
      end_reason = ${row.endReason ?? null}, driver_id = ${row.driverId ?? null}, offer_id = ${row.offerId ?? null},
      owner = ${row.owner ?? null}, deadline_at = ${time(row.deadlineAt)}, next_exit = ${row.nextExit ?? null},
      deadlines = ${JSON.stringify(row.deadlines)}::jsonb, ready_estimate_at = ${time(row.readyEstimateAt)},
      ready_at = ${time(row.readyAt)}, pickup_eta_at = ${time(row.pickupEtaAt)},
      dropoff_eta_at = ${time(row.dropoffEtaAt)}, search = ${row.search},
      held_until = ${time(row.heldUntil)}, fulfilment = ${row.fulfilment}, promised_at = ${time(row.promisedAt)}, goods_minor = ${row.goodsMinor},
      delivery_fee_minor = ${row.deliveryFeeMinor}, tip_minor = ${row.tipMinor}, total_minor = ${row.totalMinor},
      search_since = ${time(row.searchSince)}, provider_ref = coalesce(${row.providerRef ?? null}, provider_ref),
      is_over = ${row.isOver}, updated_at = ${at}
    WHERE id = ${facts.orderId}`.execute(db);
  if (result.numAffectedRows !== 1n) throw new Error(`order ${facts.orderId} has no draft`);
}

type Service = Extract<OrderEventBody, { type: 'delivery.picked_up' | 'delivery.delivered' }>;

const isService = (event: OrderEventBody): event is Service =>
  event.type === 'delivery.picked_up' || event.type === 'delivery.delivered';

type More = {
  readonly trx: Transaction<Database>;
  readonly input: RecordInput;
  readonly event: OrderEventBody;
};

/** What else stands in a row besides the order's own. */
const effects: { readonly [T in OrderEventBody['type']]?: (more: More) => Promise<void> } = {
  'delivery.assigned': async ({ trx, input: { facts, at }, event }) => {
    if (event.type !== 'delivery.assigned') return;
    const { offerId, driverId } = event;
    await markAssigned(trx, { offerId, orderId: facts.orderId, driverId, now: at });
  },
  'delivery.transferred': async ({ trx, input: { at }, event }) => {
    if (event.type === 'delivery.transferred')
      await withdrawOpenOffers(trx, { driverId: event.driverId, now: at });
  },
  'order.address_changed': async ({ trx, input: { facts, commandId } }) =>
    moveAddress(trx, { commandId, orderId: facts.orderId }),
  'payment.refund_due': async ({ trx, input: { facts, at }, event }) => {
    if (event.type !== 'payment.refund_due') return;
    const { orderId: id, merchantId, customerId, currency } = facts;
    const provider = providerOf(facts.paymentMethod);
    const { amountMinor, providerRef } = event;
    await giveBack(trx, {
      order: { id, merchantId, customerId, currency, provider, providerRef },
      amountMinor,
      reason: 'prepaid',
      from: { account: 'customer', party: customerId },
      now: new Date(at),
    });
  },
  'delivery.cancelled': async ({ trx, input: { facts, at } }) =>
    withdrawOrder(trx, { orderId: facts.orderId, now: at }),
  // It has left the search: no driver can come to it any more.
  'delivery.partner_requested': async ({ trx, input: { facts, at } }) =>
    withdrawOrder(trx, { orderId: facts.orderId, now: at }),
  'delivery.problem_reported': async ({ trx, input: { facts }, event }) => {
    if (event.type === 'delivery.problem_reported')
      await rememberGoods(trx, { orderId: facts.orderId, driverId: event.driverId });
  },
  'delivery.unassigned': async ({ trx, input: { facts }, event }) => {
    if (event.type === 'delivery.unassigned' && event.reason === 'problem')
      await rememberGoods(trx, { orderId: facts.orderId, driverId: event.driverId });
  },
  'order.remade': async ({ trx, input: { facts } }) => forgetGoods(trx, facts.orderId),
  'order.acknowledged': async ({ trx, input: { facts, at } }) =>
    tabletSeen(trx, { branchId: facts.branchId, at }),
  'order.expired': async ({ trx, input: { facts, at } }) => pauseIfSilent(trx, { facts, at }),
  'order.notes_changed': async ({ trx, input: { facts }, event }) => {
    if (event.noteId === undefined) return;
    await trx
      .updateTable('orders')
      .set({ note_id: event.noteId })
      .where('id', '=', facts.orderId)
      .execute();
  },
};

const incidents: { readonly [T in OrderEventBody['type']]?: string } = {
  'payment.written_off': 'payment_written_off',
  'payment.short': 'cash_short',
  'payment.renewal_failed': 'hold_not_renewed',
  'payment.release_failed': 'hold_not_released',
  'delivery.returned': 'return_assumed',
  'delivery.unconfirmed': 'delivery_unconfirmed',
  'delivery.partner_unconfirmed': 'delivery_unconfirmed',
  'delivery.partner_cancel_failed': 'partner_not_cancelled',
};

/** Goods that somebody has taken back are no incident, nor is a hold that nobody needs any more. */
const isIncident = (event: OrderEventBody): boolean =>
  event.type in incidents &&
  !(event.type === 'delivery.returned' && !event.assumed) &&
  !(event.type === 'payment.renewal_failed' && event.code === 'not_needed');

const moneyMoves: ReadonlySet<string> = new Set<OrderEventBody['type']>([
  'order.settled',
  'delivery.unassigned',
  'delivery.transferred',
  'delivery.partner_confirmed',
  'delivery.partner_repriced',
  'delivery.partner_cancelled',
  'delivery.partner_cancel_failed',
  'payment.captured',
  'payment.paid_elsewhere',
  'payment.collected',
  'payment.remitted',
]);

const touchesMore = (event: OrderEventBody): boolean =>
  event.type in effects || moneyMoves.has(event.type) || isIncident(event);

async function writeMore(trx: Transaction<Database>, input: RecordInput): Promise<void> {
  for (const event of input.events) {
    await effects[event.type]?.({ trx, input, event });
    const posting = postingOf(input.facts, event, driverOf(input));
    if (posting) await post(trx, { posting, facts: input.facts, at: new Date(input.at) });
    if (isIncident(event)) await openIncident(trx, input, event);
  }
}

async function openIncident(
  trx: Transaction<Database>,
  { facts, at, expectedSequence }: RecordInput,
  event: OrderEventBody,
): Promise<void> {
  const isLast = event.type === 'payment.renewal_failed' && event.last === true;
  const kind = isLast ? 'hold_will_lapse' : (incidents[event.type] ?? event.type);
  const written = event.type === 'payment.written_off';
  await trx
    .insertInto('incidents')
    .values({
      key: written ? `${facts.orderId}:write_off` : `${facts.orderId}:${kind}:${expectedSequence}`,
      order_id: facts.orderId,
      kind,
      detail: JSON.stringify(detailOf(event)),
      at: new Date(at),
      resolved_at: null,
    })
    .execute();
}

function detailOf(event: OrderEventBody): object {
  switch (event.type) {
    case 'payment.written_off':
      return { amount_minor: event.amountMinor, code: event.code };
    case 'payment.short':
      return { amount_minor: event.amountMinor, missing_minor: event.missingMinor };
    case 'payment.renewal_failed':
    case 'payment.release_failed':
      return { code: event.code };
    case 'delivery.partner_cancel_failed':
      return { code: event.code, amount_minor: event.priceMinor };
    default:
      return 'driverId' in event ? { driver_id: event.driverId } : {};
  }
}

/** Who earns the driver's part: the carrier before this step; the row forgets them when the order ends. */
function driverOf({ row, previousDriverId }: RecordInput): string {
  return row.driverId ?? previousDriverId ?? 'none';
}

async function found(db: Db, { facts, expectedSequence }: RecordInput): Promise<Recorded> {
  const rows = await db
    .selectFrom('order_events')
    .select(['sequence', 'type', 'body', 'actor', 'command_id', 'at'])
    .where('order_id', '=', facts.orderId)
    .where('sequence', '>=', expectedSequence)
    .orderBy('sequence')
    .execute();
  return { kind: 'found', events: rows.map(eventOf) };
}

type StoredRow = {
  readonly sequence: number;
  readonly type: string;
  readonly body: object;
  readonly actor: OrderEvent['actor'];
  readonly command_id: string;
  readonly at: Date;
};

/** A row of the log as the domain's event. */
export const eventOf = (row: StoredRow): OrderEvent =>
  ({
    ...row.body,
    type: row.type,
    sequence: row.sequence,
    at: row.at.getTime(),
    actor: row.actor,
    commandId: row.command_id,
  }) as OrderEvent;
