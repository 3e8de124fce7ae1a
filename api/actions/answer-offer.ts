// A driver's yes or no to an offer. The offer's row decides; a yes is then told to every order of the offer, and an
// order that refuses leaves it. What cannot be told now, the dispatch round tells again.

import type { OrderEngine, Outcome } from '../../adapters/order-engine.ts';
import type { Db } from '../../db/connect.ts';
import {
  acceptOffer,
  declineOffer,
  markRefused,
  offerById,
  plannedEtas,
  type Offer,
  type OfferedOrder,
} from '../../db/offers.ts';
import type { Actor } from '../../domain/events.ts';
import { notFound, problem, refusal } from '../problems.ts';
import type { Answer } from '../server.ts';
import { offerBodies } from '../views/offer.ts';

type Deps = {
  readonly db: Db;
  readonly engine: Pick<OrderEngine, 'send'>;
  readonly engineDeadlineMs: number;
};
type Input = {
  readonly offerId: string;
  readonly driverId: string;
  readonly actor: Actor;
};

export function createAnswerOffer({ db, engine, engineDeadlineMs }: Deps) {
  /**
   * 200: at least one order has taken the driver. 202: the yes is stored, its orders have not answered yet. Throws
   * not_found, offer_expired, offer_not_open, at_capacity, and the orders' refusal when all of them refuse.
   */
  async function accept(input: Input): Promise<Answer> {
    const answer = await acceptOffer(db, { ...input, now: Date.now() });
    if (answer.kind === 'refused') throw refusal(answer.refusal);
    const { offer } = answer;
    const open = offer.orders.filter(({ status }) => status === 'accepted');
    const outcomes = await Promise.all(open.map((order) => assign(offer, order, input.actor)));
    const status = outcomes.every(isSettled) ? 200 : 202;
    const after = (await offerById(db, offer.offerId)) ?? offer;
    if (after.orders.every((order) => order.status === 'refused' || order.status === 'withdrawn')) {
      throw refusedByAll(outcomes);
    }
    return { status, body: await bodyOf(after) };
  }

  async function decline(input: Input): Promise<Answer> {
    const answer = await declineOffer(db, { ...input, now: Date.now() });
    if (answer.kind === 'refused') throw refusal(answer.refusal);
    return { status: 200, body: await bodyOf(answer.offer) };
  }

  async function assign(
    offer: Offer,
    { orderId, bonusMinor }: OfferedOrder,
    actor: Actor,
  ): Promise<Outcome> {
    const { offerId, driverId } = offer;
    const etas = plannedEtas(offer, orderId);
    const outcome = await engine.send({
      orderId,
      command: { kind: 'assign', offerId, driverId, ...etas, bonusMinor },
      actor,
      commandId: `assign:${offerId}`,
      deadlineMs: engineDeadlineMs,
    });
    if (outcome.kind === 'refused' || outcome.kind === 'not_running')
      await markRefused(db, { offerId, orderId, now: Date.now() });
    return outcome;
  }

  async function bodyOf(offer: Offer): Promise<object> {
    const [body] = await offerBodies(db, [offer]);
    if (!body) throw notFound('offer');
    return body;
  }

  return { accept, decline };
}

const isSettled = ({ kind }: Outcome): boolean =>
  kind === 'done' || kind === 'refused' || kind === 'not_running';

function refusedByAll(outcomes: readonly Outcome[]): Error {
  const refused = outcomes.find((outcome) => outcome.kind === 'refused');
  return refused
    ? refusal(refused.refusal)
    : problem('offer_not_open', 'its orders look for no driver any more');
}
