// The calls to a partner fleet by a worker that cannot make them: only a price is refused, because of anything later the
// partner may know more.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPartnerActivities } from '../../activities/partner.ts';
import { createUberDirect } from '../../adapters/uber-direct.ts';
import { newId } from '../../db/new-id.ts';
import { createVault } from '../../db/vault.ts';
import type { PartnerCall } from '../../domain/partner.ts';
import { createMarket, type Market } from '../db/market.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

const partner = createUberDirect({
  baseUrl: 'http://127.0.0.1:9',
  customerId: 'cus_1',
  clientId: 'id',
  clientSecret: 'secret',
  webhookKey: 'whk',
  contactPhone: '+4930000000',
});

const asks = (call: PartnerCall, isConfigured = false) =>
  createPartnerActivities({
    partner: isConfigured ? partner : undefined,
    db: market.db,
    vault: createVault(Buffer.alloc(32)),
    crashPoint: () => undefined,
  }).askPartner({ orderId: newId('order'), call });

const once = { key: 'key', giveUpAt: 0 };
const partnerRef = 'del_1';
const quote: PartnerCall = { step: 'quote', ...once };
const create: PartnerCall = { step: 'create', ...once, quoteRef: 'dqt_1', tipMinor: 0 };
const later: readonly PartnerCall[] = [
  create,
  { step: 'check', ...once, partnerRef },
  { step: 'cancel', ...once, partnerRef, createKey: 'key', lastSentAt: 0 },
];

describe('a worker without a partner fleet', () => {
  it('refuses a price', async () => {
    expect(await asks(quote)).toEqual({ kind: 'partnerRefused', code: 'not_configured' });
  });

  it.each(later)('leaves $step to one that has it', async (call) => {
    const message = 'no certain answer: not_configured';
    await expect(asks(call)).rejects.toMatchObject({ message, nonRetryable: false });
  });
});

describe('an order whose customer was erased', () => {
  it('is not asked for, and what may have been asked for before is asked again', async () => {
    expect(await asks(quote, true)).toEqual({ kind: 'partnerRefused', code: 'no_address' });
    await expect(asks(create, true)).rejects.toMatchObject({
      type: 'no_address',
      nonRetryable: false,
    });
  });
});
