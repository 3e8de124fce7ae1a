// What every robot has: its clock, its world, its phone, and a way to give a command that is written to
// the clients' log when the system has promised something.

import type { ClientAction, ClientLog } from './client-log.ts';
import type { CityClock } from './clock.ts';
import { codeOf, type Answer, type ApiClient } from './http.ts';
import type { Market } from './open-market.ts';
import type { FeedEvent } from './wire.ts';
import type { World } from './world.ts';

export type City = {
  readonly world: World;
  readonly clock: CityClock;
  readonly client: ApiClient;
  readonly log: ClientLog;
  readonly market: Market;
  /** Of the platform: a second person for refunds above the limit. */
  readonly adminKey: string;
  /** The provider's sandbox, where a payer completes 3-D Secure. */
  readonly bankUrl: string | undefined;
  /** Where payers of PayPal and mobile money say yes. */
  readonly payersUrl: string | undefined;
  /** How long the engine may be away: shifts last as much longer, by the clocks of the system. */
  readonly awayMs: number;
  /** Ends the day. */
  readonly signal: AbortSignal;
};

export type Said =
  | { readonly kind: 'done'; readonly body: unknown }
  | { readonly kind: 'refused'; readonly code: string };

type Command = {
  readonly action: ClientAction;
  readonly orderId: string;
  readonly secret: string;
  readonly body?: object;
  /** Names this one intention; the same for every retry of it. */
  readonly intention: string;
  /** Absent: of the order itself. */
  readonly path?: string;
};

/** A command on an order. A refusal (4xx) is an answer; what is no part of the contract is noted as odd. */
export async function command(
  city: City,
  { action, orderId, secret, body = {}, intention, path = `/v1/orders/${orderId}` }: Command,
): Promise<Said> {
  const idempotencyKey = `${action}-${orderId}-${intention}`;
  const answer = await city.client.call({
    method: 'POST',
    path: `${path}/${action}`,
    secret,
    body,
    idempotencyKey,
  });
  const said = saidBy(answer);
  if (said.kind === 'done') {
    const at = new Date().toISOString();
    city.log.write({ kind: 'answer', at, action, status: answer.status, orderId, idempotencyKey });
  } else if (answer.status !== 409) {
    city.world.odd(`${action}: HTTP ${answer.status} ${said.code}`);
  }
  return said;
}

export const saidBy = ({ status, body }: Answer): Said =>
  status < 300
    ? { kind: 'done', body }
    : { kind: 'refused', code: codeOf(body) ?? `HTTP ${status}` };

type Hearing = {
  readonly orderId: string;
  readonly heard: (event: FeedEvent) => boolean;
};

export const is =
  (type: string) =>
  (event: FeedEvent): boolean =>
    event.type === type;

const isEnd = ({ type, endReason }: FeedEvent): boolean =>
  endReason !== undefined || type === 'order.completed';

/** The first event that is meant, also of those before; undefined when the order or the day ends without it. */
export function hears(
  { world, signal }: City,
  { orderId, heard }: Hearing,
): Promise<FeedEvent | undefined> {
  return new Promise((resolve) => {
    let over = false;
    const end = (event: FeedEvent | undefined): void => {
      over = true;
      resolve(event);
      stop?.();
    };
    let stop: (() => void) | undefined;
    stop = world.listen(orderId, (event) => {
      if (heard(event)) end(event);
      else if (isEnd(event)) end(undefined);
    });
    if (over) stop();
    signal.addEventListener('abort', () => end(undefined), { once: true });
  });
}

/** Resolves when the order or the day has ended. */
export const hearsTheEnd = async (city: City, orderId: string): Promise<void> =>
  void (await hears(city, { orderId, heard: () => false }));

/** Whether so many minutes have passed; false when the day ended first. */
export const passes = ({ clock, signal }: City, minutes: number): Promise<boolean> =>
  clock.waitUntil(clock.minute() + minutes, signal);
