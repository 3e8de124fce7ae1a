// Items 1 and 2: customers’ stored balances. The ledger is all there is of them.

import {
  findingOf,
  groupBy,
  mustEqual,
  sum,
  type AuditData,
  type Check,
  type LedgerEntry,
} from './data.ts';

const isWallet = ({ account }: LedgerEntry): boolean =>
  account === 'wallet' || account === 'wallet_held';

const neverNegative: Check = {
  id: 'wallets-not-negative',
  item: 1,
  says: 'no wallet, and nothing that is set aside in one, is below zero',
  run: ({ ledger }) => {
    const entries = ledger.flatMap((transaction) => transaction.entries.filter(isWallet));
    const wallets = groupBy(entries, ({ account, party, currency }) =>
      [account, party, currency].join(' '),
    );
    return findingOf([...wallets], ([wallet, own]) => {
      const balance = -sum(own.map(({ amountMinor }) => amountMinor)) || 0;
      return balance < 0
        ? [{ order: wallet, expected: 'a balance of at least 0', actual: String(balance) }]
        : [];
    });
  },
};

const holdsEnd: Check = {
  id: 'wallet-holds-end',
  item: 2,
  says: 'nothing is set aside in a wallet for an order that is over, and its wallet gave what the order took',
  run: (data) => {
    const byOrder = groupBy(data.ledger, ({ orderId }) => orderId);
    const moving = movingRefunds(data);
    const over = data.orders.filter(({ id, isOver }) => isOver && !moving.has(id));
    return findingOf(over, ({ id }) => {
      const entries = (byOrder.get(id) ?? []).flatMap((transaction) => transaction.entries);
      const left = (fits: (entry: LedgerEntry) => boolean): number =>
        sum(entries.filter(fits).map(({ amountMinor }) => amountMinor));
      return [
        ...mustEqual(id, 'set aside in the wallet', {
          expected: 0,
          actual: -left(({ account }) => account === 'wallet_held') || 0,
        }),
        ...mustEqual(id, 'between order and wallet', {
          expected: 0,
          actual: left(
            ({ account, party }) => account === 'provider_clearing' && party === 'wallet',
          ),
        }),
      ];
    });
  },
};

/** Orders with a refund that the wallet may have carried out already. */
const movingRefunds = ({ refunds }: AuditData): ReadonlySet<string> =>
  new Set(
    refunds.flatMap(({ orderId, provider, status }) =>
      provider === 'wallet' && status === 'sending' ? [orderId] : [],
    ),
  );

const movedIn = ({ ledger }: AuditData): ((key: string, account: string) => number) => {
  const byKey = new Map(ledger.map(({ key, entries }) => [key, entries]));
  return (key, account) =>
    -sum((byKey.get(key) ?? []).filter((e) => e.account === account).map((e) => e.amountMinor)) ||
    0;
};

const topUpsEnd: Check = {
  id: 'top-ups-in-ledger',
  item: 1,
  says: 'every top-up that was paid is in its wallet, what came too late is not, and no more of one was withdrawn',
  run: (data) => {
    const moved = movedIn(data);
    return findingOf(data.topUps, ({ id, amountMinor, status, withdrawn }) => {
      const alive = withdrawn.filter((part) => part.status !== 'failed');
      const out = sum(alive.map((part) => part.amountMinor));
      return [
        ...mustEqual(id, 'put into the wallet', {
          expected: status === 'paid' ? amountMinor : 0,
          actual: moved(`${id}:top_up`, 'wallet'),
        }),
        ...mustEqual(id, 'given back because it came too late', {
          expected: status === 'returned' ? amountMinor : 0,
          actual: moved(`${id}:top_up_returned`, 'provider_clearing'),
        }),
        ...(out > amountMinor
          ? [{ order: id, expected: `withdrawn ≤ ${amountMinor}`, actual: String(out) }]
          : []),
      ];
    });
  },
};

const withdrawalsEnd: Check = {
  id: 'withdrawals-in-ledger',
  item: 1,
  says: 'every withdrawal left its wallet whole, and each part was given back or is in the wallet again',
  run: (data) => {
    const moved = movedIn(data);
    const parts = data.topUps.flatMap(({ withdrawn }) => withdrawn);
    const withdrawals = groupBy(parts, ({ withdrawalId }) => withdrawalId);
    return findingOf([...withdrawals], ([id, own]) => [
      ...mustEqual(id, 'taken out of the wallet', {
        expected: sum(own.map(({ amountMinor }) => amountMinor)),
        actual: -moved(`${id}:withdrawal_sent`, 'wallet'),
      }),
      ...own.flatMap(({ n, amountMinor, status, wasRefunded }) => [
        ...mustEqual(id, `part ${n} given back`, {
          expected: status === 'refunded' || wasRefunded ? amountMinor : 0,
          actual: moved(`${id}:withdrawal_paid:${n}`, 'provider_clearing'),
        }),
        ...mustEqual(id, `part ${n} in the wallet again`, {
          expected: status === 'failed' ? amountMinor : 0,
          actual: moved(`${id}:withdrawal_failed:${n}`, 'wallet'),
        }),
      ]),
    ]);
  },
};

export const walletChecks: readonly Check[] = [neverNegative, holdsEnd, topUpsEnd, withdrawalsEnd];
