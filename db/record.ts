// The write-once step: a transition's events, the read model, offers and ledger in one transaction. Whatever is
// stored at the expected sequence already wins, and the caller must follow it.

import { sql, type Transaction } from 'kysely';
import type { OrderEvent } from '../domain/events.ts';
import type { Db } from './connect.ts';
import { post, postingOf } from './ledger.ts';
import { markAssigned, withdrawOrder } from './offers.ts';
import type { Database } from './schema.ts';
import type { Recorded, RecordInput } from '../domain/step.ts';

/** Idempotent; safe to call again with other arguments after a crash. Throws when the order has no draft. */
export async function record(db: Db, input: RecordInput): Promise<Recorded> {
  if (input.events.length === 0) return found(db, input);
  try {
    if (input.events.some(touchesMore)) {
      await db.transaction().execute(async (trx) => {
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

const isSequenceTaken = (error: unknown): boolean => {
  const { code, table } = error as { readonly code?: string; readonly table?: string };
  return code === '23505' && table?.startsWith('order_events') === true;
};

const time = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));

/** Events and read model in one statement, hence in one transaction and one round trip. */
async function append(db: Db | Transaction<Database>, input: RecordInput): Promise<void> {
  const { facts, row, events } = input;
  const at = new Date(input.at);
  const result = await sql`
    WITH appended AS (
      INSERT INTO order_events (order_id, sequence, merchant_id, type, body, actor, command_id, at)
      SELECT ${facts.orderId}, ${input.expectedSequence}::int + n - 1, ${facts.merchantId}, e->>'type', e - 'type',
             ${JSON.stringify(input.actor)}::jsonb, ${input.commandId}, ${at}
      FROM jsonb_array_elements(${JSON.stringify(events)}::jsonb) WITH ORDINALITY AS event(e, n)
    )
    UPDATE orders SET
      sequence = ${row.sequence}, status = ${row.status}, order_status = ${row.orderStatus},
      delivery_status = ${row.deliveryStatus}, payment_status = ${row.paymentStatus},
      end_reason = ${row.endReason ?? null}, driver_id = ${row.driverId ?? null}, offer_id = ${row.offerId ?? null},
      owner = ${row.owner ?? null}, deadline_at = ${time(row.deadlineAt)}, next_exit = ${row.nextExit ?? null},
      deadlines = ${JSON.stringify(row.deadlines)}::jsonb, ready_estimate_at = ${time(row.readyEstimateAt)},
      ready_at = ${time(row.readyAt)}, pickup_eta_at = ${time(row.pickupEtaAt)},
      dropoff_eta_at = ${time(row.dropoffEtaAt)}, search = ${row.search},
      search_since = ${time(row.searchSince)}, provider_ref = coalesce(${row.providerRef ?? null}, provider_ref),
      is_over = ${row.isOver}, updated_at = ${at}
    WHERE id = ${facts.orderId}`.execute(db);
  if (result.numAffectedRows !== 1n) throw new Error(`order ${facts.orderId} has no draft`);
}

const touchesMore = ({ type }: { readonly type: string }): boolean =>
  type === 'delivery.assigned' ||
  type === 'delivery.cancelled' ||
  type === 'order.settled' ||
  type === 'payment.captured' ||
  type === 'payment.written_off';

async function writeMore(trx: Transaction<Database>, input: RecordInput): Promise<void> {
  const { facts, at } = input;
  for (const event of input.events) {
    if (event.type === 'delivery.assigned') {
      await markAssigned(trx, { offerId: event.offerId, orderId: facts.orderId, now: at });
    }
    if (event.type === 'delivery.cancelled') {
      await withdrawOrder(trx, { orderId: facts.orderId, now: at });
    }
    const posting = postingOf(facts, event, driverOf(input));
    if (posting) await post(trx, { posting, facts, at: new Date(at) });
    if (event.type === 'payment.written_off') {
      await trx
        .insertInto('incidents')
        .values({
          key: `${facts.orderId}:write_off`,
          order_id: facts.orderId,
          kind: 'payment_written_off',
          detail: JSON.stringify({ amount_minor: event.amountMinor, code: event.code }),
          at: new Date(at),
          resolved_at: null,
        })
        .execute();
    }
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
