// Double entry. A transaction's entries sum to zero; its deterministic key makes posting it twice impossible.

import type { Transaction } from 'kysely';
import type { OrderEventBody } from '../domain/events.ts';
import type { OrderFacts } from '../domain/order.ts';
import type { Database } from './schema.ts';

/** Minor units, debit positive, credit negative. */
type Entry = { readonly account: string; readonly party: string; readonly amountMinor: number };
type Posting = { readonly key: string; readonly kind: string; readonly entries: readonly Entry[] };

const platform = 'platform';

/** What an event moves, if anything. Pure; exported for the audit's tests. */
export function postingOf(
  facts: OrderFacts,
  event: OrderEventBody,
  driverId: string,
): Posting | undefined {
  const { orderId, customerId, merchantId } = facts;
  if (event.type === 'order.settled') {
    return {
      key: `${orderId}:settle:1`,
      kind: 'settlement',
      entries: [
        { account: 'customer', party: customerId, amountMinor: event.customerMinor },
        { account: 'merchant', party: merchantId, amountMinor: -event.merchantMinor },
        { account: 'driver', party: driverId, amountMinor: -event.driverMinor },
        { account: 'platform', party: platform, amountMinor: -event.platformMinor },
      ],
    };
  }
  if (event.type === 'payment.captured') {
    return {
      key: `${orderId}:capture:${event.attempt}`,
      kind: 'capture',
      entries: [
        { account: 'provider_clearing', party: 'stripe', amountMinor: event.amountMinor },
        { account: 'customer', party: customerId, amountMinor: -event.amountMinor },
      ],
    };
  }
  if (event.type === 'payment.written_off') {
    return {
      key: `${orderId}:write_off:1`,
      kind: 'write_off',
      entries: [
        { account: 'bad_debt', party: platform, amountMinor: event.amountMinor },
        { account: 'customer', party: customerId, amountMinor: -event.amountMinor },
      ],
    };
  }
  return undefined;
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
