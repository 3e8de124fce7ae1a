// The fake's Connect: accounts that money is transferred to, and their payouts to a bank (docs.stripe.com/connect,
// separate charges and transfers). A payout takes no more than its account holds, a reversal neither.
import { fieldsUnder, type Form, wholeField } from './form.ts';
import { newId } from '../provider/ids.ts';
import type { Emit } from './payments.ts';
import { executed, missing, refused, rejected, type Reply } from './replies.ts';
import type { Account, Payout, State, Transfer } from './state.ts';
import { viewAccount, viewPayout, viewTransfer } from './views.ts';

export type Connect = ReturnType<typeof createConnect>;
type Tools = { readonly state: State; readonly emit: Emit };

const insufficient = (): Reply =>
  refused({ code: 'balance_insufficient', message: 'You have insufficient available funds.' });

const sumOf = (amounts: readonly number[]): number => amounts.reduce((sum, each) => sum + each, 0);

/** What a connected account holds. */
function balanceOf({ transfers, payouts }: State, account: string): number {
  const received = [...transfers.values()]
    .filter(({ destination, reversed }) => destination === account && !reversed)
    .map(({ amount }) => amount);
  const left = [...payouts.values()]
    .filter((payout) => payout.account === account && payout.status !== 'failed')
    .map(({ amount }) => amount);
  return sumOf(received) - sumOf(left);
}

/** undefined: the amount is no whole number above 0, or the currency no code. */
function readSum(form: Form): { readonly amount: number; readonly currency: string } | undefined {
  const amount = wholeField(form, 'amount');
  const currency = form.get('currency') ?? '';
  if ('invalid' in amount || amount.value === undefined || amount.value < 1) return undefined;
  return /^[a-z]{3}$/.test(currency) ? { amount: amount.value, currency } : undefined;
}
const noSum = (): Reply => rejected(400, { param: 'amount', message: 'Invalid amount' });

function createTransfers({ state, emit }: Tools) {
  /** Of the platform itself; undefined: always enough. */
  let platformMinor: number | undefined;

  function save(value: Transfer, type: string): Transfer {
    state.put({ kind: 'transfer', value });
    emit(`transfer.${type}`, viewTransfer(value));
    return value;
  }

  function transfer(form: Form): Reply {
    const sum = readSum(form);
    const destination = form.get('destination') ?? '';
    if (sum === undefined) return noSum();
    const account = state.accounts.get(destination);
    if (account === undefined) return missing('destination', destination);
    if (account.transfers !== 'active') {
      const message = 'Your destination account needs to have the transfers capability enabled.';
      return refused({ code: 'insufficient_capabilities_for_transfer', message });
    }
    if (platformMinor !== undefined && platformMinor < sum.amount) return insufficient();
    if (platformMinor !== undefined) platformMinor -= sum.amount;
    const made: Transfer = {
      ...sum,
      id: newId('tr'),
      createdAt: state.now(),
      destination,
      transferGroup: form.get('transfer_group') ?? null,
      sourceTransaction: form.get('source_transaction') ?? null,
      reversed: false,
      metadata: fieldsUnder(form, 'metadata'),
    };
    return executed(viewTransfer(save(made, 'created')));
  }

  function reverse(made: Transfer): Reply {
    if (made.reversed) return refused({ message: 'This transfer is already fully reversed.' });
    if (balanceOf(state, made.destination) < made.amount) return insufficient();
    if (platformMinor !== undefined) platformMinor += made.amount;
    save({ ...made, reversed: true }, 'reversed');
    return executed({ id: newId('trr'), object: 'transfer_reversal', transfer: made.id });
  }

  return {
    transfer,
    reverse,
    limitBalance: (minor: number | undefined): void => {
      platformMinor = minor;
    },
  };
}

const openForPayouts: Omit<Account, 'id'> = {
  payoutsEnabled: true,
  transfers: 'active',
  payoutInterval: 'manual',
  bank: 'pays',
};

export function createConnect({ state, emit }: Tools) {
  function saveAccount(account: Account): Account {
    state.put({ kind: 'account', value: account });
    emit('account.updated', viewAccount(account), account.id);
    return account;
  }

  function savePayout(payout: Payout, type: string): Payout {
    state.put({ kind: 'payout', value: payout });
    emit(`payout.${type}`, viewPayout(payout), payout.account);
    return payout;
  }

  /** The bank's word. What was paid may still come back. */
  function decide(payout: Payout, status: 'paid' | 'failed'): Payout {
    return payout.status === status || payout.status === 'failed'
      ? payout
      : savePayout({ ...payout, status }, status);
  }

  function payOut(form: Form, accountId: string | undefined): Reply {
    const account = state.accounts.get(accountId ?? '');
    const sum = readSum(form);
    if (account === undefined) return missing('account', accountId ?? '');
    if (sum === undefined) return noSum();
    if (!account.payoutsEnabled)
      return refused({ code: 'payouts_not_allowed', message: 'Payouts are not enabled.' });
    if (balanceOf(state, account.id) < sum.amount) return insufficient();
    const made: Payout = {
      ...sum,
      id: newId('po'),
      account: account.id,
      createdAt: state.now(),
      method: form.get('method') ?? 'standard',
      status: 'pending',
      metadata: fieldsUnder(form, 'metadata'),
    };
    savePayout(made, 'created');
    if (account.bank !== 'slow') decide(made, account.bank === 'pays' ? 'paid' : 'failed');
    // The answer is older than the bank's word.
    return executed(viewPayout(made));
  }

  return {
    ...createTransfers({ state, emit }),
    payOut,
    decide,
    openAccount: (wish: Partial<Omit<Account, 'id'>> = {}): Account =>
      saveAccount({ ...openForPayouts, ...wish, id: newId('acct') }),
    changeAccount: (account: Account, wish: Partial<Omit<Account, 'id'>>): Account =>
      saveAccount({ ...account, ...wish }),
  };
}
