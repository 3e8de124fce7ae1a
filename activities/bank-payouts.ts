// The bank behind the port: a payment waits for its file, and for what a person says the bank made of it.

import type { PayAnswer, PayoutPort } from '../adapters/payout-port.ts';
import { queueBankPayment } from '../db/bank-payments.ts';
import type { Db } from '../db/connect.ts';
import { parsePayoutName } from '../domain/payout.ts';

export const createBankPayouts = (db: Db): PayoutPort => ({
  rail: 'bank',
  async pay({ key, name: text, amountMinor, destination }): Promise<PayAnswer> {
    const name = parsePayoutName(text);
    if (!name) throw new Error(`${text} is no payout`);
    switch (await queueBankPayment(db, { key, name, amountMinor, destination })) {
      case 'queued':
      case 'filed':
        return { status: 'in_transit', payoutRef: key };
      case 'paid':
        return { status: 'paid', payoutRef: key };
      case 'returned':
        return { status: 'failed', code: 'bank_refused' };
    }
  },
});
