// The races of test/domain/races.test.ts on real processes: two people, or a person and a deadline, at the same moment.
// One wins, the other gets a typed refusal, and the order's end, the read model and the books follow the winner.

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { parseId } from '../../domain/ids.ts';
import type { Policy } from '../../domain/policy.ts';
import { leads, pickup, readyWith } from '../support/crash-leads.ts';
import { anotherDriver, type Lead, type Play } from '../support/crash-steps.ts';
import { figure } from '../support/figure.ts';
import { openShop, type Reply } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { expectAgreement } from '../support/truth.ts';

const rounds = process.env['PROOF'] === '1' ? 8 : 2;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
}, 120_000);
afterAll(() => stack.close());

/** What one of the two does; resolves with `yes`, or with the code of the refusal. */
type Contender = (on: Play, orderId: string) => Promise<string>;

const told = ({ status, body }: Reply): string =>
  status < 300 ? 'yes' : `${status} ${String(body['code'])}`;
const posts =
  (who: (on: Play) => string, path: string, body: object = {}): Contender =>
  async (on, id) =>
    told(await on.shop.post({ secret: who(on), path: path.replace(':id', id), body }));
const asMerchant = (what: string, body?: object): Contender =>
  posts(({ shop }) => shop.merchantKey, `/v1/orders/:id/${what}`, body);
const asDriver = (what: string): Contender =>
  posts(({ shop }) => shop.driverKey, `/v1/orders/:id/${what}`);
const asAgent = (what: string): Contender =>
  posts(() => stack.adminKey, `/v1/support/orders/:id/actions/${what}`, { reason: 'other' });

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

/** As near to the moment as a request can be aimed. */
const near = (moment: string | undefined): Promise<void> =>
  delay(Math.max(0, Date.parse(moment ?? '') - Date.now() - Math.random() * 20));
const takesLate: Contender = async (on) => {
  const offer = await offerOf(on);
  await near(offer.expires_at);
  return accepts(on, offer);
};
type Deadline = { readonly exit: string; readonly at: string };
const acceptsLate: Contender = async (on, id) => {
  const deadlines = (await on.shop.order(id))['deadlines'] as readonly Deadline[];
  await near(deadlines.find(({ exit }) => exit === 'expire')?.at);
  return asMerchant('accept')(on, id);
};
/** The other side is the system, which answers nobody. */
const system: Contender = async () => 'silent';

type Race = {
  readonly policy?: Partial<Policy>;
  readonly lead: Lead;
  readonly between: readonly [Contender, Contender];
  /** All that the two may be told. */
  readonly outcomes: readonly string[];
  /** What ends the order, whoever has won; refusals are none of its business. */
  readonly finish?: Contender;
};

const races: Readonly<Record<string, Race>> = {
  'the merchant accepts as the order expires': {
    policy: { expireMs: 2_000, branchPauseMs: 1 },
    lead: leads.pending,
    between: [acceptsLate, system],
    outcomes: ['yes, silent', '409 already_cancelled, silent'],
    finish: asMerchant('cancel'),
  },
  'the customer cancels as the driver picks up': {
    lead: leads.confirmed,
    between: [asMerchant('cancel'), asDriver('pick-up')],
    outcomes: ['yes, 409 already_cancelled', '409 already_picked_up, yes'],
    finish: asDriver('deliver'),
  },
  'the customer cancels as the counter hands over and captures': {
    lead: readyWith(pickup),
    between: [asMerchant('cancel'), asMerchant('hand-over')],
    outcomes: ['yes, 409 already_cancelled', '409 already_delivered, yes'],
  },
  'the customer cancels during the capture': {
    lead: leads.pickedUp,
    between: [asMerchant('cancel'), asDriver('deliver')],
    outcomes: ['409 already_picked_up, yes', '409 already_delivered, yes'],
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
  test.for(Object.entries(races))('%s', { timeout: 240_000 }, async ([name, race]) => {
    const shop = await openShop(stack, {
      policy: { dispatchTickMs: 300, dispatchIdleMs: 1_000, ...race.policy },
    });
    const on = { stack, shop };
    const seen: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await shop.goOnline();
      const id = await race.lead(on);
      const [one, two] = race.between;
      const answers = await Promise.all(
        round % 2 === 0 ? [one(on, id), two(on, id)] : [two(on, id), one(on, id)].toReversed(),
      );
      seen.push(answers.join(', '));
      await race.finish?.(on, id);
      await expectAgreement(stack, id);
    }
    figure(`${name}: ${seen.join('; ')}`);
    expect(seen.filter((outcome) => !race.outcomes.includes(outcome))).toEqual([]);
  });
});
