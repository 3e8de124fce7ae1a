// Item 1: every finished order's money went where the settlement's table says for its end, account by account.

import { cardProviderOf } from '../../domain/payment-methods.ts';
import { settlementTable, shareWords, type End, type Shares } from '../../domain/settlement.ts';
import {
  findingOf,
  groupBy,
  mustEqual,
  sum,
  type AuditedOrder,
  type Breach,
  type Check,
  type LedgerTransaction,
} from './data.ts';
import { sumsOf, type Sums } from './settlement-sums.ts';
import { walk, type Ended } from './settlement-walk.ts';

type Judged = Pick<AuditedOrder, 'id' | 'facts' | 'events'>;

/** Everything that support may say, where it has said something of its own; a partner does not say whose fault it was. */
function sharesFor({ facts, events }: Judged, ended: Ended): readonly Shares[] {
  const { end, stage, driverId } = ended;
  const cellOf = (of: End): readonly Shares[] => {
    const cell = facts.policy.settlement[`${of}.${stage}`] ?? settlementTable[of][stage];
    return cell ? [cell] : [];
  };
  const isSupports = end === 'cancelled_by_support' && stage !== 'before_accept';
  const byPartner = events.some(
    (event) => event.type === 'delivery.returned' && event.driverId === undefined,
  );
  const drivers = driverId === undefined ? (['nothing'] as const) : shareWords.driver;
  return [
    ...cellOf(end),
    ...(byPartner ? cellOf('failed_to_deliver') : []),
    ...(isSupports
      ? shareWords.customer.flatMap((customer) =>
          shareWords.merchant.flatMap((merchant) =>
            drivers.map((driver): Shares => [customer, merchant, driver]),
          ),
        )
      : []),
  ];
}

/** `account party` → minor units; debit positive. */
type Balances = ReadonlyMap<string, number>;

function balancesOf(entries: readonly (readonly [name: string, minor: number])[]): Balances {
  const totals = new Map<string, number>();
  for (const [name, minor] of entries) totals.set(name, (totals.get(name) ?? 0) + minor);
  const names = [...totals.keys()].toSorted();
  return new Map(
    names.flatMap((name) => {
      const minor = totals.get(name) ?? 0;
      return minor === 0 ? [] : [[name, minor] as const];
    }),
  );
}

const inWords = (balances: Balances): string =>
  [...balances].map(([name, minor]) => `${name} ${minor}`).join(', ') || 'nothing';

function expectedOf({ facts }: Judged, ended: Ended, sums: Sums): Balances {
  const { customer, merchant, driver, platform, tax, goodsTax, rounding } = sums;
  return balancesOf([
    [`customer ${facts.customerId}`, customer],
    [`merchant ${facts.merchantId}`, -merchant],
    [`driver ${ended.driverId ?? 'none'}`, -driver],
    ['platform platform', -platform],
    ['tax platform', -tax],
    ['goods_tax platform', -goodsTax],
    ['rounding platform', -rounding],
    ...ended.driverPay.flatMap(({ driverId, minor }) => [
      [`driver ${driverId}`, -minor] as const,
      ['platform platform', minor] as const,
    ]),
  ]);
}

const sharing: ReadonlySet<string> = new Set(['settlement', 'driver_pay']);
const paying: ReadonlySet<string> = new Set(['capture', 'write_off', 'cash', 'elsewhere']);

const entriesOf = (transactions: readonly LedgerTransaction[], kinds: ReadonlySet<string>) =>
  transactions.filter(({ kind }) => kinds.has(kind)).flatMap(({ entries }) => entries);

/** Where the money of a payment method comes in. */
function receivers({ facts }: Judged, { driverId }: Ended): readonly string[] {
  switch (facts.method) {
    case 'cash':
      return [`cash_in_hand ${driverId}`, `merchant ${facts.merchantId}`];
    case 'external':
      return [`channel_clearing ${facts.merchantId}`];
    case 'split':
      return ['provider_clearing stripe', 'provider_clearing wallet', 'bad_debt platform'];
    default:
      return [`provider_clearing ${cardProviderOf(facts.paymentMethod)}`, 'bad_debt platform'];
  }
}

/** Of an order that is over. */
export function judgeSettlement(
  order: Judged,
  transactions: readonly LedgerTransaction[],
): readonly Breach[] {
  const { id, facts, events } = order;
  const ended = walk(facts, events);
  if (!ended) return [{ order: id, expected: 'an end in the log', actual: 'none' }];
  const cells = sharesFor(order, ended);
  const allowed = cells.map((shares) =>
    inWords(expectedOf(order, ended, sumsOf(facts, ended, shares))),
  );
  const posted = balancesOf(
    entriesOf(transactions, sharing).map((e) => [`${e.account} ${e.party}`, e.amountMinor]),
  );
  const actual = inWords(posted);
  const place = `${ended.end} at ${ended.stage}`;
  const expected = cells.length === 0 ? `a cell for ${place}` : `${place}: ${allowed[0]}`;
  return [
    ...(allowed.includes(actual) ? [] : [{ order: id, expected, actual }]),
    ...paidWhereItShould(order, ended, transactions),
  ];
}

function paidWhereItShould(
  order: Judged,
  ended: Ended,
  transactions: readonly LedgerTransaction[],
): readonly Breach[] {
  const { facts, id, events } = order;
  const customer = `customer ${facts.customerId}`;
  const known = receivers(order, ended);
  const entries = entriesOf(transactions, paying).map(
    (e) => [`${e.account} ${e.party}`, e.amountMinor] as const,
  );
  const elsewhere = entries.filter(([name]) => name !== customer && !known.includes(name));
  const owed = sum(
    entriesOf(transactions, sharing)
      .filter(({ account }) => account === 'customer')
      .map(({ amountMinor }) => amountMinor),
  );
  const dueBack = sum(
    events.map((event) => (event.type === 'payment.refund_due' ? event.amountMinor : 0)),
  );
  const came = sum(entries.filter(([name]) => known.includes(name)).map(([, minor]) => minor));
  return [
    ...elsewhere.map(([name, minor]) => ({
      order: id,
      expected: `${facts.method} paid into ${known.join(' or ')}`,
      actual: `${name} ${minor}`,
    })),
    ...mustEqual(id, `${facts.method} brought`, { expected: owed + dueBack, actual: came }),
  ];
}

const settlementAsTable: Check = {
  id: 'settlement-as-table',
  item: 1,
  says: 'what a finished order posted is, account by account, what the table says for its end',
  run: ({ orders, ledger }) => {
    const byOrder = groupBy(ledger, ({ orderId }) => orderId);
    return findingOf(
      orders.filter((order) => order.isOver),
      (order) => judgeSettlement(order, byOrder.get(order.id) ?? []),
    );
  },
};

export const settlementChecks: readonly Check[] = [settlementAsTable];
