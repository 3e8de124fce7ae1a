// Item 9: bugs as they would look in the rows or in the books, each with the check that is meant to see it. Planted by
// self-check.ts.

import { sql } from 'kysely';
import type { ProviderPayment } from '../../adapters/card-gateway.ts';
import type { PartnerDelivery } from '../../adapters/delivery-partner.ts';
import type { ProviderPayout } from '../../domain/provider-books.ts';
import type { AuditData, ListedDispute, ProviderObject } from './data.ts';
import type { Change } from './load.ts';

export type SeededBug = { readonly name: string; readonly seenBy: string } & (
  | { readonly kind: 'rows'; readonly change: Change }
  /** Returns undefined when there is nothing to plant it on. */
  | { readonly kind: 'books'; readonly change: (data: AuditData) => AuditData | undefined }
);

/** False when there was no row to change. */
async function changed(
  statement: Promise<{ readonly numAffectedRows?: bigint | undefined }>,
): Promise<boolean> {
  const { numAffectedRows = 0n } = await statement;
  return numAffectedRows > 0n;
}

function changeFirst(
  data: AuditData,
  fits: (payment: ProviderPayment) => boolean,
  change: (payment: ProviderPayment) => readonly ProviderPayment[],
): AuditData | undefined {
  const over = new Set(data.orders.filter((order) => order.isOver).map((order) => order.id));
  const index = data.books.findIndex((payment) => over.has(payment.orderId ?? '') && fits(payment));
  const found = data.books[index];
  return found && { ...data, books: data.books.toSpliced(index, 1, ...change(found)) };
}

/** Gives a driver who has another's goods as many deliveries by offer as they can carry at all. */
function overload(data: AuditData): AuditData | undefined {
  const events = data.orders.flatMap((order) => order.events);
  const taken = events.find((event) => event.type === 'delivery.transferred');
  const given = data.orders.flatMap((order) => {
    const event = order.events.find(({ type }) => type === 'delivery.assigned');
    return event && event.actor.kind !== 'support' ? [{ order, event }] : [];
  })[0];
  if (taken?.type !== 'delivery.transferred' || given === undefined) return undefined;
  const { driverId, at } = taken;
  const more = Array.from({ length: data.driverCapacity.get(driverId) ?? 1 }, (_, n) => ({
    ...given.order,
    id: `${given.order.id}_${n}`,
    events: [{ ...given.event, driverId, at }],
  }));
  return { ...data, orders: [...data.orders, ...more] };
}

function changePartner(
  data: AuditData,
  change: (delivery: PartnerDelivery) => readonly PartnerDelivery[],
): AuditData | undefined {
  const [first, ...rest] = data.partnerBooks;
  return first && { ...data, partnerBooks: [...change(first), ...rest] };
}

/** The first payment that PayPal or mobile money has taken. */
function changeObject(
  data: AuditData,
  change: (object: ProviderObject) => readonly ProviderObject[],
): AuditData | undefined {
  const index = data.objects.findIndex(({ capturedMinor }) => capturedMinor > 0);
  const found = data.objects[index];
  return found && { ...data, objects: data.objects.toSpliced(index, 1, ...change(found)) };
}

const payoutOfNobody: ProviderPayout = {
  providerRef: 'tr_nobody',
  name: undefined,
  amountMinor: 1,
  currency: 'EUR',
  returned: false,
};

const disputeUnheardOf: ListedDispute = {
  provider: 'stripe',
  disputeRef: 'dp_unheard_of',
  providerRef: 'pi_unheard_of',
  amountMinor: 1,
  feeMinor: 0,
  currency: 'EUR',
  status: 'open',
  reason: 'fraudulent',
  evidenceDueAt: undefined,
  openedAt: 0,
};

const anyDelivered = sql`(SELECT id FROM orders WHERE is_over AND delivery_status = 'delivered' ORDER BY id LIMIT 1)`;

/** For an order that is over, out of a wallet without money. */
const setAside = (trx: Parameters<Change>[0]) =>
  sql`WITH hold AS (
      INSERT INTO ledger_transactions SELECT id || ':wallet_hold:ghost', id, 'wallet_hold', currency, placed_at
      FROM orders WHERE id = ${anyDelivered} RETURNING *)
    INSERT INTO ledger_entries SELECT key, account, 'cus_ghost', minor, currency, at
    FROM hold, (VALUES ('wallet', 1), ('wallet_held', -1)) AS entry (account, minor)`.execute(trx);

export const seededBugs: readonly SeededBug[] = [
  {
    name: 'the idempotency key was dropped: a retry paid twice',
    seenBy: 'one-payment-per-attempt',
    kind: 'books',
    change: (data) =>
      changeFirst(
        data,
        (p) => p.status === 'captured',
        (p) => [p, { ...p, providerRef: `${p.providerRef}_again` }],
      ),
  },
  {
    name: 'the same, seen from the ledger',
    seenBy: 'books-in-ledger',
    kind: 'books',
    change: (data) =>
      changeFirst(
        data,
        (p) => p.status === 'captured',
        (p) => [p, { ...p, providerRef: `${p.providerRef}_again` }],
      ),
  },
  {
    name: 'a hold was not released',
    seenBy: 'no-hold-left',
    kind: 'books',
    change: (data) =>
      changeFirst(
        data,
        (p) => p.status === 'voided',
        (p) => [{ ...p, status: 'authorized' }],
      ) ??
      changeFirst(
        data,
        () => true,
        (p) => [{ ...p, status: 'authorized', capturedMinor: 0 }],
      ),
  },
  {
    name: 'a refund was made instead of a capture',
    seenBy: 'books-in-ledger',
    kind: 'books',
    change: (data) =>
      changeFirst(
        data,
        (p) => p.status === 'captured',
        (p) => [{ ...p, refundedMinor: p.capturedMinor }],
      ),
  },
  {
    name: 'a capture was never made',
    seenBy: 'ledger-in-books',
    kind: 'books',
    change: (data) =>
      changeFirst(
        data,
        (p) => p.status === 'captured',
        (p) => [{ ...p, status: 'voided', capturedMinor: 0 }],
      ),
  },
  {
    name: 'capture and refund are swapped in the ledger',
    seenBy: 'payments-meet-settlement',
    kind: 'rows',
    change: (trx) =>
      changed(
        sql`UPDATE ledger_entries SET amount_minor = -amount_minor
        WHERE transaction_key = (SELECT key FROM ledger_transactions WHERE kind = 'capture' ORDER BY key LIMIT 1)`.execute(
          trx,
        ),
      ),
  },
  {
    name: 'a cent was lost in rounding',
    seenBy: 'ledger-balanced',
    kind: 'rows',
    change: (trx) =>
      changed(
        sql`UPDATE ledger_entries SET amount_minor = amount_minor - 1 WHERE amount_minor < -1 AND account = 'merchant'
        AND transaction_key = (SELECT key FROM ledger_transactions WHERE kind = 'settlement' ORDER BY key LIMIT 1)`.execute(
          trx,
        ),
      ),
  },
  {
    name: 'the commission was taken of the delivery fee too',
    seenBy: 'settlement-as-table',
    kind: 'rows',
    change: (trx) =>
      changed(
        sql`UPDATE ledger_entries SET amount_minor = amount_minor + CASE account WHEN 'merchant' THEN 1 ELSE -1 END
        WHERE account IN ('merchant', 'platform') AND transaction_key = ${anyDelivered} || ':settle:1'`.execute(
          trx,
        ),
      ),
  },
  {
    name: 'the news of a dispute were lost',
    seenBy: 'disputes-in-books',
    kind: 'books',
    change: (data) => ({ ...data, disputeBooks: [...data.disputeBooks, disputeUnheardOf] }),
  },
  {
    name: '`n` advanced on a timeout: the retry paid again under the next attempt',
    seenBy: 'books-in-ledger',
    kind: 'books',
    change: (data) =>
      changeFirst(
        data,
        (p) => p.status === 'captured',
        (p) => [p, { ...p, attempt: (p.attempt ?? 0) + 1, providerRef: `${p.providerRef}_next` }],
      ),
  },
  {
    name: 'a refund was sent and its postings were lost',
    seenBy: 'refunds-in-ledger',
    kind: 'rows',
    change: (trx) =>
      changed(
        sql`INSERT INTO refunds (id, order_id, merchant_id, customer_id, currency, amount_minor, status, fault, reason,
          wish, bearers, provider, provider_ref, requested_by, created_at, finished_at)
        SELECT 'rfd_ghost', id, merchant_id, customer_id, currency, 1, 'refunded', 'platform', 'other', '{"kind":"whole"}',
          '[]', 'stripe', coalesce(provider_ref, 'none'), '{"kind":"system"}', placed_at, placed_at FROM orders WHERE id = ${anyDelivered}`.execute(
          trx,
        ),
      ),
  },
  {
    name: 'a tip was paid and its postings were lost',
    seenBy: 'tips-in-ledger',
    kind: 'rows',
    change: (trx) =>
      changed(
        sql`INSERT INTO tips (order_id, n, customer_id, driver_id, currency, amount_minor, status, provider,
          payment_method, requested_by, created_at, finished_at)
        SELECT id, 99, customer_id, 'drv_ghost', currency, 1, 'paid', 'stripe', 'pm_ghost', '{"kind":"system"}', placed_at,
          placed_at FROM orders WHERE id = ${anyDelivered}`.execute(trx),
      ),
  },
  {
    name: 'a hold on a wallet was never let go',
    seenBy: 'wallet-holds-end',
    kind: 'rows',
    change: (trx) => changed(setAside(trx)),
  },
  {
    name: 'two orders took the last of one wallet',
    seenBy: 'wallets-not-negative',
    kind: 'rows',
    change: (trx) => changed(setAside(trx)),
  },
  {
    name: 'an event is missing in the log',
    seenBy: 'sequence-gapless',
    kind: 'rows',
    change: (trx) =>
      changed(
        sql`DELETE FROM order_events WHERE sequence = 2 AND order_id = ${anyDelivered}`.execute(
          trx,
        ),
      ),
  },
  {
    name: 'the read model is behind the log',
    seenBy: 'fold-read-model',
    kind: 'rows',
    change: (trx) =>
      changed(
        sql`UPDATE orders SET payment_status = 'authorized' WHERE id = ${anyDelivered}`.execute(
          trx,
        ),
      ),
  },
  {
    name: 'the workflow went another way than the log',
    seenBy: 'fold-workflow',
    kind: 'rows',
    change: (trx) =>
      changed(
        sql`UPDATE order_events SET type = 'order.cancelled', body = '{"endReason":"cancelled_by_customer"}'
        WHERE type = 'order.completed' AND order_id = ${anyDelivered}`.execute(trx),
      ),
  },
  {
    name: 'two drivers were given one delivery',
    seenBy: 'one-accepted-offer',
    kind: 'rows',
    change: async (trx) =>
      (await changed(
        sql`INSERT INTO offers SELECT id || '_again', market_id, driver_id, status, made_at, expires_at, answered_at, pickup_eta_at, decision
        FROM offers WHERE id = (SELECT offer_id FROM offer_orders WHERE order_id = ${anyDelivered} AND status = 'assigned' LIMIT 1)`.execute(
          trx,
        ),
      )) &&
      (await changed(
        sql`INSERT INTO offer_orders SELECT offer_id || '_again', order_id, search, status
        FROM offer_orders WHERE order_id = ${anyDelivered} AND status = 'assigned' LIMIT 1`.execute(
          trx,
        ),
      )),
  },
  {
    name: 'a driver who took goods over was given more than they can carry',
    seenBy: 'capacity-kept',
    kind: 'books',
    change: (data) => overload(data),
  },
  {
    name: 'a dispatch round was planned from something that is not in its input',
    seenBy: 'rounds-replay',
    kind: 'books',
    change: (data) => {
      const [round, ...rest] = data.rounds;
      if (round === undefined) return undefined;
      const plan = round.plan.replace('"policyVersion":"', '"policyVersion":"not-');
      return plan === round.plan ? undefined : { ...data, rounds: [{ ...round, plan }, ...rest] };
    },
  },
  {
    name: 'PayPal or mobile money took more than was booked',
    seenBy: 'objects-in-ledger',
    kind: 'books',
    change: (data) =>
      changeObject(data, (each) => [{ ...each, capturedMinor: each.capturedMinor + 1 }]),
  },
  {
    name: 'what was booked, PayPal or mobile money has never heard of',
    seenBy: 'ledger-in-objects',
    kind: 'books',
    change: (data) => changeObject(data, () => []),
  },
  {
    name: 'the partner fleet was asked twice for one order',
    seenBy: 'ledger-in-partner-books',
    kind: 'books',
    change: (data) => changePartner(data, (each) => [each, { ...each, partnerRef: 'del_again' }]),
  },
  {
    name: 'the partner fleet charges more than was agreed',
    seenBy: 'partner-books-in-ledger',
    kind: 'books',
    change: (data) => changePartner(data, (each) => [{ ...each, priceMinor: each.priceMinor + 1 }]),
  },
  {
    name: 'somebody was paid out twice',
    seenBy: 'payouts-in-books',
    kind: 'books',
    change: (data) => ({
      ...data,
      payoutBooks: [...data.payoutBooks, data.payoutBooks[0] ?? payoutOfNobody],
    }),
  },
  {
    name: 'an order has a row and no workflow',
    seenBy: 'row-has-workflow',
    kind: 'rows',
    change: (trx) =>
      changed(
        sql`INSERT INTO orders (id, merchant_id, branch_id, market_id, customer_id, number, placed_at, facts, items,
          currency, total_minor, pickup_lat, pickup_lng, dropoff_lat, dropoff_lng, sequence)
        SELECT id || '_ghost', merchant_id, branch_id, market_id, customer_id, number, placed_at, facts, items,
          currency, total_minor, pickup_lat, pickup_lng, dropoff_lat, dropoff_lng, 1 FROM orders WHERE id = ${anyDelivered}`.execute(
          trx,
        ),
      ),
  },
  {
    name: 'an order was lost after the client was told of it',
    seenBy: 'placed-has-row',
    kind: 'books',
    change: (data) => {
      const told = data.clientLog.findLast(
        (line) => line.kind === 'answer' && line.action === 'place',
      );
      if (told?.kind !== 'answer') return undefined;
      return { ...data, orders: data.orders.filter((order) => order.id !== told.orderId) };
    },
  },
  {
    name: 'a name is in a log',
    seenBy: 'no-personal-data',
    kind: 'books',
    change: (data) => ({
      ...data,
      canaries: {
        ...data.canaries,
        hits: [...data.canaries.hits, { source: 'api.log', token: 'a name' }],
      },
    }),
  },
];
