// Asking for a payout at once, of one party or of a whole market. The rows are the promise; their workflows carry them
// out, started at once or, if that fails, by the housekeeping.

import type { MoneyEngine } from '../../adapters/money-engine.ts';
import type { Db } from '../../db/connect.ts';
import { newId } from '../../db/new-id.ts';
import {
  findParty,
  findPayoutAccount,
  sealDetails,
  setPayoutAccount,
  type PayoutAccount,
} from '../../db/payout-accounts.ts';
import { readPayoutBasis } from '../../db/payout-basis.ts';
import { insertPayouts, type NewPayout, type Payout } from '../../db/payouts.ts';
import { lockMoney } from '../../db/refunds.ts';
import type { Vault } from '../../db/vault.ts';
import { isIban } from '../../domain/bank-file.ts';
import { planPayout, type PayoutName, type PayoutPlan } from '../../domain/payout.ts';
import type { Logger } from '../../log.ts';
import type { Caller } from '../plugins/auth.ts';
import { badField, notFound, problem } from '../problems.ts';
import type { NewPayoutAccount } from '../schemas/payouts.ts';

type Asked = {
  readonly party: string;
  readonly caller: Caller;
  readonly now: Date;
};

const instantPeriod = (id: string): string => `instant-${id.replace(/^\w+_/, '')}`;

/** Of all that is due now; inside the caller's transaction. Throws payout_held, payout_too_small. */
export async function requestPayout(trx: Db, { party: id, caller, now }: Asked): Promise<Payout> {
  const party = await findParty(trx, id);
  if (!party) throw notFound('party');
  await lockMoney(trx, id);
  const account = await findPayoutAccount(trx, id);
  const payoutId = newId('payout', now.getTime());
  const { kind, marketId, currency } = party;
  const payout: NewPayout = {
    id: payoutId,
    party: id,
    period: instantPeriod(payoutId),
    kind,
    marketId,
    currency,
    endsAt: now,
    instant: true,
    actor: caller.actor,
    now,
  };
  const row = { party: id, kind, currency, ends_at: now, market_id: marketId };
  refuseUnlessPaid(planPayout(await readPayoutBasis(trx, { row, account, now })));
  const [made] = await insertPayouts(trx, [payout]);
  if (!made) throw new Error('a new payout’s name is taken');
  return made;
}

function refuseUnlessPaid(plan: PayoutPlan): void {
  if (plan.kind === 'hold') throw problem('payout_held', `${plan.code}: nothing is paid out now`);
  if (plan.kind === 'skip') throw problem('payout_too_small', `nothing can be paid: ${plan.code}`);
}

/** Throws invalid_request. Stripe is asked whether it pays there by the housekeeping. */
export async function saveAccount(
  { trx, vault, now }: { readonly trx: Db; readonly vault: Vault; readonly now: Date },
  body: NewPayoutAccount,
): Promise<PayoutAccount> {
  const { party: id, rail } = body;
  const party = await findParty(trx, id);
  if (!party) throw badField('party', 'does not exist');
  if (!party.rails.includes(rail)) throw badField('rail', 'is not used in this market');
  const destination = await destinationOf({ trx, vault, now }, body);
  const verified = rail !== 'stripe';
  return setPayoutAccount(trx, { party: id, rail, destination, verified }, now);
}

async function destinationOf(
  { trx, vault, now }: Parameters<typeof saveAccount>[0],
  { party, rail, destination, phone, bank }: NewPayoutAccount,
): Promise<string> {
  if (rail === 'stripe') {
    if (destination === undefined)
      throw badField('destination', 'is missing: an account at Stripe');
    return destination;
  }
  if (rail === 'bank') {
    if (bank === undefined) throw badField('bank', 'is missing: whose account, and its IBAN');
    if (!isIban(bank.iban)) throw badField('bank.iban', 'has wrong check digits');
  } else if (phone === undefined) throw badField('phone', `is missing: ${rail} pays to one`);
  const text = rail === 'bank' ? JSON.stringify(bank) : (phone ?? '');
  return `${rail}:${await sealDetails(trx, vault, { party, text, now })}`;
}

/** After the commit; best effort. */
export async function startPayout(
  {
    money,
    log,
  }: { readonly money: Pick<MoneyEngine, 'startPayout'> | undefined; readonly log: Logger },
  payout: PayoutName,
): Promise<void> {
  await money
    ?.startPayout(payout)
    .catch((error: unknown) =>
      log.warn({ err: error, party: payout.party }, 'the housekeeping will start this payout'),
    );
}
