// Writes the ledger. A transaction's deterministic key makes posting it twice impossible; that it balances and stays as
// it is the database itself makes sure of (migrations/0020).

import { sql, type Transaction } from 'kysely';
import type { OrderEventBody } from '../domain/events.ts';
import {
  balanced,
  moved,
  partnerParty,
  platformParty,
  type LedgerEntry,
  type Posting,
} from '../domain/ledger.ts';
import type { OrderFacts } from '../domain/order.ts';
import { cardProviderOf } from '../domain/payment-methods.ts';
import type { Db } from './connect.ts';
import type { Database } from './schema.ts';

function postingsOf({ orderId, customerId }: OrderFacts) {
  const customer = { account: 'customer', party: customerId } as const;
  const moves = (kind: Posting['kind'], entries: readonly LedgerEntry[], n = 1): Posting => ({
    key: `${orderId}:${kind}:${n}`,
    kind,
    entries,
  });
  /** The customer's debt is paid by what this account gets. */
  const pays = (
    kind: Posting['kind'],
    to: Omit<LedgerEntry, 'amountMinor'>,
    minor: number,
    n = 1,
  ): Posting =>
    moves(
      kind,
      [
        { ...to, amountMinor: minor },
        { ...customer, amountMinor: -minor },
      ],
      n,
    );
  return { moves, pays };
}

const atProvider = (party: string) => ({ account: 'provider_clearing', party }) as const;

/** What an event moves, if anything: `from` gives what `to` gets. Pure; exported for the audit's tests. */
export function postingOf(
  facts: OrderFacts,
  event: OrderEventBody,
  driverId: string,
): Posting | undefined {
  const { merchantId } = facts;
  const { moves, pays } = postingsOf(facts);
  switch (event.type) {
    case 'order.settled':
      return {
        ...moves('settlement', sharedOut(facts, event, driverId)),
        key: `${facts.orderId}:settle:1`,
      };
    case 'delivery.unassigned':
    case 'delivery.transferred': {
      const left = event.type === 'delivery.transferred' ? event.fromDriverId : event.driverId;
      const { payMinor } = event;
      const entries: readonly LedgerEntry[] = [
        { account: 'driver', party: left, amountMinor: -payMinor },
        { account: 'platform', party: platformParty, amountMinor: payMinor },
      ];
      // One driver may leave an order twice, another one by the same step: the offer names who was let go by which.
      const key = `${facts.orderId}:driver_pay:${left}:${event.search}`;
      return payMinor > 0 ? { ...moves('driver_pay', entries), key } : undefined;
    }
    case 'delivery.partner_confirmed':
    case 'delivery.partner_repriced':
    case 'delivery.partner_cancelled':
    case 'delivery.partner_cancel_failed':
      return partnerPosting(facts, event);
    case 'payment.captured': {
      const { amountMinor, attempt, walletMinor = 0 } = event;
      const card = atProvider(cardProviderOf(facts.paymentMethod));
      const paid = pays('capture', card, amountMinor - walletMinor, attempt);
      const { entries } = pays('capture', atProvider('wallet'), walletMinor, attempt);
      return { ...paid, entries: [...paid.entries, ...(walletMinor > 0 ? entries : [])] };
    }
    case 'payment.written_off':
      return pays('write_off', { account: 'bad_debt', party: platformParty }, event.amountMinor);
    case 'payment.paid_elsewhere':
      return pays(
        'elsewhere',
        { account: 'channel_clearing', party: merchantId },
        event.amountMinor,
      );
    case 'payment.collected': {
      // Over the counter it is the merchant's at once, and taken off what they get.
      const to: Omit<LedgerEntry, 'amountMinor'> =
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
        { account: 'cash_desk', party: platformParty, amountMinor: event.amountMinor },
        { account: 'driver', party: driverId, amountMinor: missing },
        { account: 'cash_in_hand', party: driverId, amountMinor: -all },
      ]);
    }
    default:
      return undefined;
  }
}

type Settled = Extract<OrderEventBody, { readonly type: 'order.settled' }>;

const ofPlatform = (
  account: 'platform' | 'tax' | 'goods_tax' | 'rounding',
  earnedMinor: number,
): LedgerEntry => ({ account, party: platformParty, amountMinor: -earnedMinor });

function sharedOut(
  { customerId, merchantId }: OrderFacts,
  event: Settled,
  driverId: string,
): readonly LedgerEntry[] {
  return [
    { account: 'customer', party: customerId, amountMinor: event.customerMinor },
    { account: 'merchant', party: merchantId, amountMinor: -event.merchantMinor },
    { account: 'driver', party: driverId, amountMinor: -event.driverMinor },
    ofPlatform('platform', event.platformMinor),
    ofPlatform('tax', event.taxMinor),
    ofPlatform('goods_tax', event.goodsTaxMinor ?? 0),
    ofPlatform('rounding', event.roundingMinor),
  ];
}

type PartnerBooked = Extract<
  OrderEventBody,
  { readonly type: `delivery.partner_${'confirmed' | 'repriced' | 'cancelled' | 'cancel_failed'}` }
>;

function partnerKeyOf(event: PartnerBooked): string {
  switch (event.type) {
    case 'delivery.partner_confirmed':
      return `partner:${event.attempt}`;
    case 'delivery.partner_repriced':
      return `partner_price:${event.asOf}`;
    case 'delivery.partner_cancelled':
    case 'delivery.partner_cancel_failed':
      return `partner_cancel:${event.attempt}`;
  }
}

/** A partner fleet's price is the platform's cost from its yes on, and follows what it charges until the end. */
function partnerPosting({ orderId }: OrderFacts, event: PartnerBooked): Posting | undefined {
  const amountMinor = event.priceMinor - ('bookedMinor' in event ? event.bookedMinor : 0);
  const partner = { account: 'partner_payable', party: partnerParty } as const;
  const platform = { account: 'platform', party: platformParty } as const;
  const key = `${orderId}:${partnerKeyOf(event)}`;
  return amountMinor === 0
    ? undefined
    : { key, kind: 'partner_fleet', entries: moved(amountMinor, partner, platform) };
}

/** Posts an order's movement inside the caller's transaction, which is rolled back when the key is taken. */
export async function post(
  trx: Transaction<Database>,
  {
    posting,
    facts,
    at,
  }: { readonly posting: Posting; readonly facts: OrderFacts; readonly at: Date },
): Promise<void> {
  const { orderId, currency } = facts;
  const posted = await postOnce(trx, { posting, orderId, currency, at });
  if (posted === 'known') throw new Error(`ledger transaction ${posting.key} exists already`);
}

/** What an order's movements of a kind have given to parties so far. Holds the order's row until the transaction ends. */
export async function givenSoFar(
  trx: Db,
  { orderId, kind }: { readonly orderId: string; readonly kind: Posting['kind'] },
): Promise<number> {
  await trx.selectFrom('orders').select('id').where('id', '=', orderId).forUpdate().execute();
  const { given } = await trx
    .selectFrom('ledger_entries as entry')
    .innerJoin('ledger_transactions as t', 't.key', 'entry.transaction_key')
    .select(({ fn }) => fn.sum<string | null>('entry.amount_minor').as('given'))
    .where('t.order_id', '=', orderId)
    .where('t.kind', '=', kind)
    .where('entry.amount_minor', '<', 0)
    .executeTakeFirstOrThrow();
  return -Number(given);
}

export type NewTransaction = {
  readonly posting: Posting;
  /** Undefined for what belongs to no order. */
  readonly orderId: string | undefined;
  readonly currency: string;
  readonly at: Date;
};

/**
 * One round trip, idempotent per key: `known` when that key was posted before with the same entries, `nothing` when
 * nothing moves. Throws when the key was used for another movement, or it does not balance.
 */
export async function postOnce(
  db: Db,
  { posting, orderId, currency, at }: NewTransaction,
): Promise<'posted' | 'known' | 'nothing'> {
  const stored = balanced(posting);
  if (stored === undefined) return 'nothing';
  const { key, kind, entries } = stored;
  const { rows } = await sql<{ posted: boolean }>`
    SELECT ledger_post(${key}, ${orderId ?? null}, ${kind}, ${currency}, ${at},
      ${entries.map((entry) => entry.account)}, ${entries.map((entry) => entry.party)},
      ${entries.map((entry) => entry.amountMinor)}) AS posted`.execute(db);
  if (rows[0]?.posted === true) return 'posted';
  await mustBeTheSame(db, { key, currency, entries });
  return 'known';
}

type Stored = Pick<Posting, 'key' | 'entries'> & { readonly currency: string };

async function mustBeTheSame(db: Db, { key, currency, entries }: Stored): Promise<void> {
  const rows = await db
    .selectFrom('ledger_entries')
    .select(['account', 'party', 'amount_minor', 'currency'])
    .where('transaction_key', '=', key)
    .execute();
  const known = rows.map((row) =>
    [row.account, row.party, row.amount_minor, row.currency].join(' '),
  );
  const asked = entries.map((entry) =>
    [entry.account, entry.party, entry.amountMinor, currency].join(' '),
  );
  if (known.toSorted().join('\n') !== asked.toSorted().join('\n'))
    throw new Error(`ledger transaction ${key} was posted with other entries`);
}
