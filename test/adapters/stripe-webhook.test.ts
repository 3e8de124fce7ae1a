// What Stripe's notifications about payouts and accounts come to, and whose signatures count.

import { describe, expect, it } from 'vitest';
import { readStripeWebhook } from '../../adapters/stripe-webhook.ts';
import { signWebhook } from '../../sandbox/stripe/webhooks.ts';

const read = (type: string, object: object, { signedBy = 'whsec_a', secret = 'whsec_a' } = {}) => {
  const rawBody = JSON.stringify({
    id: 'evt_1',
    object: 'event',
    type,
    created: 1,
    data: { object },
  });
  const signature = signWebhook(rawBody, signedBy, Math.floor(Date.now() / 1_000));
  return readStripeWebhook({ rawBody, signature, secret });
};
const ours = { metadata: { payout: 'mer_1:2026-05-04' } };

describe('a notification', () => {
  it.each([
    ['payout.paid', { id: 'po_1', object: 'payout', ...ours }],
    ['payout.failed', { id: 'po_1', object: 'payout', ...ours }],
    ['transfer.reversed', { id: 'tr_1', object: 'transfer', ...ours }],
  ])('%s names our payout', (type, object) => {
    expect(read(type, object)).toMatchObject({
      kind: 'payout_changed',
      type,
      providerRef: 'mer_1:2026-05-04',
    });
  });

  it('of a payout that is not ours is ignored', () => {
    const object = { id: 'po_1', object: 'payout', metadata: {} };
    expect(read('payout.paid', object)).toMatchObject({ kind: 'ignored' });
  });

  it('of an account names it', () => {
    const object = { id: 'acct_1', object: 'account', metadata: {} };
    expect(read('account.updated', object)).toMatchObject({
      kind: 'account_changed',
      providerRef: 'acct_1',
    });
  });

  it.each([
    ['whsec_a', 'whsec_a,whsec_b', 'account_changed'],
    ['whsec_b', 'whsec_a,whsec_b', 'account_changed'],
    ['whsec_c', 'whsec_a,whsec_b', 'refused'],
    ['whsec_a,whsec_b', 'whsec_a,whsec_b', 'refused'],
  ])('signed by %s counts where %s are known: %s', (signedBy, secret, kind) => {
    const object = { id: 'acct_1', object: 'account', metadata: {} };
    expect(read('account.updated', object, { signedBy, secret })).toMatchObject({ kind });
  });
});
