// Money in a wallet, without asking anybody for it.

import type { Db } from '../../db/connect.ts';
import { postOnce } from '../../db/ledger.ts';
import { newId } from '../../db/new-id.ts';
import { platformParty } from '../../domain/ledger.ts';

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
