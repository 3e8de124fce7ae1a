// Money in a wallet and out of it, without workflows.

import { createWalletActivities } from '../../activities/wallet.ts';
import type { PaymentPort } from '../../adapters/payment-port.ts';
import type { Db } from '../../db/connect.ts';
import { postOnce } from '../../db/ledger.ts';
import { newId } from '../../db/new-id.ts';
import { requestWithdrawal } from '../../db/withdrawals.ts';
import type { TopUpId } from '../../domain/ids.ts';
import { platformParty } from '../../domain/ledger.ts';
import type { Wallet } from '../../domain/wallet.ts';
import { actor } from './paid-order.ts';

/** Out of the platform’s pocket. */
export async function fillWallet(
  db: Db,
  {
    customerId,
    currency,
    amountMinor,
  }: { readonly customerId: string; readonly currency: string; readonly amountMinor: number },
): Promise<void> {
  const posting = {
    key: `gift:${newId('note')}`,
    kind: 'correction',
    entries: [
      { account: 'platform', party: platformParty, amountMinor },
      { account: 'wallet', party: customerId, amountMinor: -amountMinor },
    ],
  } as const;
  await postOnce(db, { posting, orderId: undefined, currency, at: new Date() });
}

type Filled = Wallet & {
  readonly id: TopUpId;
  readonly amountMinor: number;
  readonly provider: string;
  readonly paymentMethod: string;
  readonly providerRef: string;
};

/** As a top-up by this payment has done it. */
export async function topUp(db: Db, { id, provider, ...filled }: Filled): Promise<void> {
  const now = new Date();
  await db
    .insertInto('top_ups')
    .values({
      id,
      customer_id: filled.customerId,
      currency: filled.currency,
      amount_minor: filled.amountMinor,
      status: 'paid',
      provider,
      payment_method: filled.paymentMethod,
      provider_ref: filled.providerRef,
      client_secret: null,
      code: null,
      requested_by: JSON.stringify(actor),
      created_at: now,
      first_sent_at: now,
      finished_at: now,
    })
    .execute();
  await fillWallet(db, filled);
}

type Withdrawn = Wallet & {
  readonly amountMinor: number;
  readonly port: PaymentPort;
};

/** Asked for; `carryOut` takes it a step on, and says how far it is. */
export async function withdraw(db: Db, { port, ...wish }: Withdrawn) {
  const id = newId('withdrawal');
  const asked = { ...wish, id, actor, now: new Date() };
  await db.transaction().execute((trx) => requestWithdrawal(trx, asked));
  const activities = createWalletActivities({
    portOf: () => port,
    db,
    crashPoint: () => undefined,
  });
  const carryOut = async () => (await activities.advanceWithdrawal({ withdrawalId: id })).status;
  return { id, carryOut };
}
