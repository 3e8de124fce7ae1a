// Two at the same moment, on real processes: what each does, what they may be told, and how a race is run.

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Policy } from '../../domain/policy.ts';
import type { Lead, Play } from './crash-steps.ts';
import { figure } from './figure.ts';
import { openShop, type Reply } from './shop.ts';
import type { Stack } from './stack.ts';
import { expectAgreement } from './truth.ts';

const rounds = process.env['PROOF'] === '1' ? 8 : 2;

/** What one of the two does; resolves with `yes`, or with the code of the refusal. */
export type Contender = (on: Play, orderId: string) => Promise<string>;

export const told = ({ status, body }: Reply): string =>
  status < 300 ? 'yes' : `${status} ${String(body['code'])}`;
export const posts =
  (who: (on: Play) => string, path: string, body: object = {}): Contender =>
  async (on, id) => {
    // As a client does: one whose outcome is not known is sent again under the same key.
    const key = randomUUID();
    for (;;) {
      const ask = { secret: who(on), path: path.replace(':id', id), body, key };
      const reply = await on.shop.post(ask);
      if (reply.status !== 503) return told(reply);
      await delay(200);
    }
  };
export const asMerchant = (what: string, body?: object): Contender =>
  posts(({ shop }) => shop.merchantKey, `/v1/orders/:id/${what}`, body);
export const asDriver = (what: string): Contender =>
  posts(({ shop }) => shop.driverKey, `/v1/orders/:id/${what}`);
export const asAgent = (what: string): Contender =>
  posts(({ stack }) => stack.adminKey, `/v1/support/orders/:id/actions/${what}`, {
    reason: 'other',
  });
/** The other side is the system, which answers nobody. */
export const system: Contender = async () => 'silent';

/** As near to the moment as a request can be aimed. */
export const near = (moment: string | undefined): Promise<void> =>
  delay(Math.max(0, Date.parse(moment ?? '') - Date.now() - Math.random() * 20));
type Deadline = { readonly exit: string; readonly at: string };
/** Says it when this deadline comes. */
export const at =
  (exit: string, says: Contender): Contender =>
  async (on, id) => {
    const deadlines = (await on.shop.order(id))['deadlines'] as readonly Deadline[];
    await near(deadlines.find((deadline) => deadline.exit === exit)?.at);
    return says(on, id);
  };

export type Race = {
  readonly policy?: Partial<Policy>;
  readonly lead: Lead;
  readonly between: readonly [Contender, Contender];
  /** All that the two may be told. */
  readonly outcomes: readonly string[];
  /** What ends the order, whoever has won; refusals are none of its business. */
  readonly finish?: Contender;
  /** What must be true in the end, whoever has won. */
  readonly afterwards?: (on: Play, orderId: string) => Promise<void>;
};

/** Again and again, each of the two first in turn. What they were told and should not have been. */
export async function run(stack: Stack, name: string, race: Race): Promise<readonly string[]> {
  const shop = await openShop(stack, {
    policy: { dispatchTickMs: 300, dispatchIdleMs: 1_000, ...race.policy },
    payment_providers: ['stripe', 'cash'],
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
    await race.afterwards?.(on, id);
  }
  figure(`${name}: ${seen.join('; ')}`);
  return seen.filter((outcome) => !race.outcomes.includes(outcome));
}
