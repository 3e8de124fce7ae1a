// Double entry. A transaction's entries sum to zero; its deterministic key makes posting it twice impossible.

import type { Transaction } from 'kysely';
import type { OrderEventBody } from '../domain/events.ts';
import type { OrderFacts } from '../domain/order.ts';
import type { Database } from './schema.ts';

/** Minor units, debit positive, credit negative. */
type Entry = { readonly account: string; readonly party: string; readonly amountMinor: number };
type Posting = { readonly key: string; readonly kind: string; readonly entries: readonly Entry[] };

const platform = 'platform';

function postingsOf({ orderId, customerId }: OrderFacts) {
  const customer = { account: 'customer', party: customerId } as const;
  const moves = (kind: string, entries: readonly Entry[], n = 1): Posting => ({
    key: `${orderId}:${kind}:${n}`,
    kind,
    entries,
  });
  /** The customer's debt is paid by what this account gets. */
  const pays = (kind: string, to: Omit<Entry, 'amountMinor'>, minor: number, n = 1): Posting =>
    moves(
      kind,
      [
        { ...to, amountMinor: minor },
        { ...customer, amountMinor: -minor },
      ],
      n,
    );
  return { moves, pays, customer };
}

/** What an event moves, if anything: `from` gives what `to` gets. Pure; exported for the audit's tests. */
export function postingOf(
  facts: OrderFacts,
  event: OrderEventBody,
  driverId: string,
): Posting | undefined {
  const { merchantId } = facts;
  const { moves, pays, customer } = postingsOf(facts);
  switch (event.type) {
    case 'order.settled':
      return {
        ...moves('settlement', [
          { ...customer, amountMinor: event.customerMinor },
          { account: 'merchant', party: merchantId, amountMinor: -event.merchantMinor },
          { account: 'driver', party: driverId, amountMinor: -event.driverMinor },
          { account: 'platform', party: platform, amountMinor: -event.platformMinor },
        ]),
        key: `${facts.orderId}:settle:1`,
      };
    case 'delivery.unassigned':
    case 'delivery.transferred': {
      const left = event.type === 'delivery.transferred' ? event.fromDriverId : event.driverId;
      const { payMinor, search } = event;
      const entries = [
        { account: 'driver', party: left, amountMinor: -payMinor },
        { account: 'platform', party: platform, amountMinor: payMinor },
      ];
      return payMinor > 0 ? moves('driver_pay', entries, search) : undefined;
    }
    case 'payment.captured': {
      const to = { account: 'provider_clearing', party: 'stripe' };
      return pays('capture', to, event.amountMinor, event.attempt);
    }
    case 'payment.written_off':
      return pays('write_off', { account: 'bad_debt', party: platform }, event.amountMinor);
    case 'payment.paid_elsewhere':
      return pays(
        'elsewhere',
        { account: 'channel_clearing', party: merchantId },
        event.amountMinor,
      );
    case 'payment.collected': {
      // Over the counter it is the merchant's at once, and taken off what they get.
      const to =
        event.driverId === undefined
          ? { account: 'merchant', party: merchantId }
          : { account: 'cash_in_hand', party: event.driverId };
      return pays('cash', to, event.amountMinor);
    }
    case 'payment.remitted':
    case 'payment.short': {
      const missing = event.type === 'payment.short' ? event.missingMinor : 0;
      const all = event.amountMinor + missing;
      return moves('remittance', [
        { account: 'cash_desk', party: platform, amountMinor: event.amountMinor },
        { account: 'driver', party: driverId, amountMinor: missing },
        { account: 'cash_in_hand', party: driverId, amountMinor: -all },
      ]);
    }
    default:
      return undefined;
  }
}

/** Posts one transaction inside the caller's; refuses (a bug) entries that do not sum to zero. */
export async function post(
  trx: Transaction<Database>,
  {
    posting,
    facts,
    at,
  }: { readonly posting: Posting; readonly facts: OrderFacts; readonly at: Date },
): Promise<void> {
  const entries = posting.entries.filter((entry) => entry.amountMinor !== 0);
  const sum = entries.reduce((total, entry) => total + entry.amountMinor, 0);
  if (sum !== 0) throw new Error(`ledger transaction ${posting.key} is off by ${sum}`);
  if (entries.length === 0) return;
  const { key, kind } = posting;
  const { currency, orderId } = facts;
  await trx
    .insertInto('ledger_transactions')
    .values({ key, order_id: orderId, kind, currency, at })
    .execute();
  await trx
    .insertInto('ledger_entries')
    .values(
      entries.map(({ account, party, amountMinor }) => ({
        transaction_key: key,
        account,
        party,
        amount_minor: amountMinor,
        currency,
        at,
      })),
    )
    .execute();
}
