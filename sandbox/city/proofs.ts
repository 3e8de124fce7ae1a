// What a driver shows of a hand-over: a photo of the door, the PIN that the customer says, an age. Called by the
// driver.

import type { Identity } from './open-market.ts';
import type { City } from './robot.ts';
import { fieldOf } from './wire.ts';

type Showing = { readonly identity: Identity; readonly orderId: string };

/** As the API's `proofs` wants it. */
export type Shown = { readonly kind: string; readonly proof_id?: string | undefined };

/** The smallest thing that calls itself a JPEG. */
const picture = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0xff, 0xd9]);

export async function showTheDoor(
  { client }: City,
  { identity: { secret }, orderId }: Showing,
): Promise<Shown> {
  const path = `/v1/orders/${orderId}/proofs?kind=photo`;
  const idempotencyKey = `photo-${orderId}`;
  const { body } = await client.call({ method: 'POST', path, secret, picture, idempotencyKey });
  return { kind: 'photo', proof_id: fieldOf(body, 'id') };
}

/** The customer reads it from an own phone; at first it is misheard. */
export async function askForThePin(
  { client, market, world }: City,
  { identity, orderId }: Showing,
): Promise<Shown> {
  const customer = market.customers.get(world.lifeOf(orderId)?.plan.name ?? '');
  const path = `/v1/orders/${orderId}`;
  const order = await client.call({ method: 'GET', path, secret: customer?.secret ?? '' });
  const pin = fieldOf(order.body, 'pin') ?? '';
  const misheard = pin === '0000' ? '0001' : '0000';
  const said = [misheard, pin].map((code, index) => ({ code, key: `pin-${orderId}-${index}` }));
  let proofId: string | undefined;
  for (const { code, key } of said) {
    const answer = await client.call({
      method: 'POST',
      path: `${path}/proofs?kind=pin`,
      secret: identity.secret,
      body: { code },
      idempotencyKey: key,
    });
    proofId = answer.status < 300 ? fieldOf(answer.body, 'id') : undefined;
  }
  return { kind: 'pin', proof_id: proofId };
}
