// One order's whole life, driven straight through the engine: what is measured is the workflow, its worker, its
// record in PostgreSQL and its payment, without the API in front.

import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { OrderEngine, Outcome } from '../adapters/order-engine.ts';
import type { Db } from '../db/connect.ts';
import { newId } from '../db/new-id.ts';
import type { Actor } from '../domain/events.ts';
import { orderWorkflowId } from '../domain/ids.ts';
import type { ExternalCommand, OrderResult } from '../domain/messages.ts';
import type { Hints } from './hints.ts';
import { factsOf, storeDraft, type Lane } from './town.ts';

/** Lives one life on the lane and returns the id of its workflow. Throws when anything is not as it should be. */
export type LiveOnce = (lane: Lane) => Promise<string>;

const deadlineMs = 30_000;
const merchant: Actor = { kind: 'merchant', id: 'key_bench' };
/** `order.placed` and `payment.authorized`: each is a recorded step, each gives one hint. */
const hintsUntilAuthorized = 2;

type Parts = {
  readonly db: Db;
  readonly engine: OrderEngine;
  readonly client: Client;
  readonly hints: Hints;
};

export function createOurLife({ db, engine, client, hints }: Parts): LiveOnce {
  return async (lane) => {
    const { merchantId, driverId } = lane;
    const facts = factsOf(lane);
    const { orderId } = facts;
    const send = (command: ExternalCommand, commandId: string): Promise<Outcome> =>
      engine.send({ orderId, command, actor: merchant, commandId, deadlineMs });
    const heard = hints.count(merchantId);
    await storeDraft(db, facts);
    demand('place', await engine.place({ facts, deadlineMs }));
    await hints.beyond(merchantId, heard + hintsUntilAuthorized - 1);
    demand('accept', await insist(() => send({ kind: 'accept' }, `${orderId}:accept`)));
    demand('markReady', await send({ kind: 'markReady' }, `${orderId}:ready`));
    const offer = { offerId: newId('offer'), pickupEtaAt: Date.now() + 300_000 };
    demand('assign', await send({ kind: 'assign', driverId, ...offer }, `assign:${offer.offerId}`));
    demand('pickUp', await send({ kind: 'pickUp', driverId }, `${orderId}:pickup`));
    demand('deliver', await send({ kind: 'deliver', driverId }, `${orderId}:deliver`));
    const workflowId = orderWorkflowId(orderId);
    const result = await client.workflow.getHandle<() => Promise<OrderResult>>(workflowId).result();
    if (result.status !== 'completed') throw new Error(`${workflowId} ended as ${result.status}`);
    return workflowId;
  };
}

function demand(step: string, outcome: Outcome): void {
  if (outcome.kind !== 'done') throw new Error(`${step}: ${JSON.stringify(outcome)}`);
}

/** A hint may come a moment before the workflow has folded what it tells of. */
async function insist(call: () => Promise<Outcome>): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await call();
    if (outcome.kind !== 'refused' || attempt === 100) return outcome;
    await delay(20);
  }
}
