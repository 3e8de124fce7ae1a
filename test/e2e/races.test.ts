// The races of test/domain/races.test.ts on real processes: two people, or a person and a deadline, at the same moment.
// One wins, the other gets a typed refusal, and the order's end, the read model and the books follow the winner.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { parseId } from '../../domain/ids.ts';
import { leads } from '../support/crash-leads.ts';
import { anotherDriver, type Play } from '../support/crash-steps.ts';
import {
  asAgent,
  asDriver,
  asMerchant,
  at,
  near,
  run,
  system,
  told,
  type Contender,
  type Race,
} from '../support/race.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
}, 120_000);
afterAll(() => stack.close());

type Offer = { readonly id: string; readonly expires_at: string };
async function offerOf({ shop }: Play): Promise<Offer> {
  const { body } = await shop.get({ secret: shop.driverKey, path: '/v1/offers' });
  const [offer] = body['data'] as readonly Offer[];
  if (!offer) throw new Error('no offer is open');
  return offer;
}
const accepts = async ({ shop }: Play, { id }: Offer): Promise<string> =>
  told(await shop.post({ secret: shop.driverKey, path: `/v1/offers/${id}/accept` }));
const takesOffer: Contender = async (on) => accepts(on, await offerOf(on));
const goesOffline: Contender = async (on) => {
  // Not before the other has seen the offer.
  await offerOf(on);
  const { shop } = on;
  return told(await shop.post({ secret: shop.driverKey, path: '/v1/driver/offline' }));
};
/** Support puts in somebody else. */
const putsIn: Contender = async (on, text) => {
  const orderId = parseId('order', text);
  if (!orderId) throw new Error(text);
  const outcome = await stack.engine.send({
    orderId,
    command: {
      kind: 'assignDriver',
      driverId: await anotherDriver(on),
      offerId: newId('offer'),
      pickupEtaAt: Date.now(),
    },
    actor: { kind: 'support', id: 'key_race' },
    commandId: newId('key'),
    deadlineMs: 10_000,
  });
  if (outcome.kind !== 'refused') return outcome.kind === 'done' ? 'yes' : outcome.kind;
  return `409 ${outcome.refusal.code}`;
};

const takesLate: Contender = async (on) => {
  const offer = await offerOf(on);
  await near(offer.expires_at);
  return accepts(on, offer);
};
const races: Readonly<Record<string, Race>> = {
  'the merchant accepts as the order expires': {
    policy: { expireMs: 2_000, branchPauseMs: 1 },
    lead: leads.pending,
    between: [at('expire', asMerchant('accept')), system],
    outcomes: ['yes, silent', '409 already_cancelled, silent'],
    finish: asMerchant('cancel'),
  },
  'the customer cancels as the driver picks up': {
    lead: leads.confirmed,
    between: [asMerchant('cancel'), asDriver('pick-up')],
    outcomes: ['yes, 409 already_cancelled', '409 already_picked_up, yes'],
    finish: asDriver('deliver'),
  },
  'two drivers get one order': {
    lead: leads.offered,
    between: [takesOffer, putsIn],
    outcomes: ['yes, 409 not_searching', '409 not_searching, yes', '409 offer_not_open, yes'],
    finish: asMerchant('cancel'),
  },
  'a driver accepts as the offer expires': {
    policy: { offerTtlMs: 1_500, reofferDelayMs: 600_000 },
    lead: leads.offered,
    between: [takesLate, system],
    outcomes: ['yes, silent', '409 offer_expired, silent'],
    finish: asMerchant('cancel'),
  },
  'a driver goes offline as they accept': {
    lead: leads.offered,
    between: [takesOffer, goesOffline],
    outcomes: ['yes, 409 driver_busy', '409 offer_not_open, yes'],
    finish: asMerchant('cancel'),
  },
  'two agents end the order in two ways': {
    lead: leads.pickedUp,
    between: [asAgent('mark-delivered'), asAgent('mark-failed')],
    outcomes: ['yes, 409 wrong_state', '409 already_cancelled, yes'],
  },
};

describe('at the same moment', () => {
  test.for(Object.entries(races))('%s', { timeout: 240_000 }, async ([name, race]) =>
    expect(await run(stack, name, race)).toEqual([]),
  );
});
