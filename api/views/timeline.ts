// The timeline's entries in words, for support: what happened, by whom, what it means.

import type { TimelineRow } from '../../db/timeline.ts';
import type { Scope } from '../../db/scope.ts';
import type { Actor, OrderEventBody, OrderEventType } from '../../domain/events.ts';
import { formatMoney } from '../../domain/money.ts';
import type { TimelineEntry } from '../schemas/events.ts';
import { actorBody, eventData, maySee } from './event.ts';

type Context = { readonly viewer: Scope; readonly currency: string };

export const timelineEntry = (row: TimelineRow, context: Context): TimelineEntry => ({
  at: row.at.toISOString(),
  source: row.source,
  type: row.type,
  text: textOf(row, context),
  sequence: row.sequence,
  actor: row.actor ? actorBody(row.actor) : null,
  offer_id: row.offer_id,
  driver_id: row.driver_id,
  data: row.body ? eventData(row.body, context.viewer) : {},
});

function textOf(
  { source, type, body, actor }: Pick<TimelineRow, 'source' | 'type' | 'body' | 'actor'>,
  { currency, viewer }: Context,
): string {
  if (source !== 'order') return otherTexts[source]({ type, body });
  const say = orderTexts[type as OrderEventType] as Text | undefined;
  const money = (amountMinor: number): string => formatMoney(amountMinor, currency);
  return say?.({ ...body, type } as OrderEventBody, { by: nameOf(actor), money, viewer }) ?? type;
}

type Other = Exclude<TimelineRow['source'], 'order'>;
type Said = { readonly type: string; readonly body: object | null };

const otherTexts: Readonly<Record<Other, (said: Said) => string>> = {
  provider: ({ type }) => `the payment provider reports ${type}`,
  offer: ({ type }) => offerTexts[type] ?? type,
  support: ({ type, body }) => attemptText(type, body as AttemptBody),
  note: () => 'an agent notes something',
  incident: ({ type }) => `an incident is opened: ${type}`,
  workflow: ({ type }) => `found by the watchdog: ${type}`,
};

type AttemptBody = {
  readonly reason: string;
  readonly outcome: string;
  readonly code: string | null;
};

const outcomeTexts: Readonly<Record<string, string>> = {
  sent: 'not answered yet',
  unknown: 'its outcome is not known yet',
  awaits_approval: 'a second agent has to approve',
};

/** Refused attempts too: nothing else remembers them. */
const attemptText = (action: string, { reason, outcome, code }: AttemptBody): string =>
  `support asks for ${action} (${reason}): ${outcomeTexts[outcome] ?? outcome}${coded(code ?? undefined)}`;

/** An event of the order in words, said of no one in particular. */
export const textOfEvent = (event: OrderEventBody, currency: string): string =>
  textOf(
    { source: 'order', type: event.type, body: event, actor: supportActor },
    { currency, viewer: { kind: 'platform' } },
  );

const supportActor: Actor = { kind: 'support', id: '' };

const nameOf = (actor: Actor | null): string =>
  actor === null || actor.kind === 'system' ? 'the system' : `the ${actor.kind}`;

type Words = {
  readonly by: string;
  readonly money: (amountMinor: number) => string;
  readonly viewer: Scope;
};
type Text = (event: OrderEventBody, words: Words) => string;
type EventOf<T extends OrderEventType, E = OrderEventBody> = E extends { readonly type: infer U }
  ? T extends U
    ? E
    : never
  : never;
type Texts = { readonly [T in OrderEventType]: (event: EventOf<T>, words: Words) => string };

const clock = (at: number): string => `${new Date(at).toISOString().slice(11, 19)} UTC`;
const coded = (code: string | undefined): string => (code === undefined ? '' : `: ${code}`);

const orderTexts: Texts = {
  'order.placed': ({ totalMinor, itemCount }, { money }) =>
    `the order is placed: ${itemCount} items, ${money(totalMinor)}`,
  'order.submitted': () => 'the merchant is asked',
  'order.reminded': () => 'the merchant is reminded',
  'order.accepted': ({ readyEstimateAt }, { by }) =>
    `${by} accepts; ready at about ${clock(readyEstimateAt)}`,
  'order.ready': ({ assumed }, { by }) =>
    assumed ? 'the goods are assumed to be ready' : `${by} says that the goods are ready`,
  'order.denied': ({ code }, { by }) => `${by} denies the order${coded(code)}`,
  'order.expired': () => 'the merchant did not answer in time: the order expires',
  'order.cancelled': ({ endReason }, { by }) => `${by} cancels the order: ${endReason}`,
  'order.failed': ({ endReason }) => `the order fails: ${endReason}`,
  'order.settled': ({ customerMinor, merchantMinor }, { money, viewer }) =>
    `settled: the customer pays ${money(customerMinor)}` +
    (maySee('merchantMinor', viewer) ? `, the merchant gets ${money(merchantMinor)}` : ''),
  'order.completed': () => 'the order is complete',
  'delivery.created': ({ releaseAt }) =>
    `the delivery is planned; a driver is looked for from ${clock(releaseAt)}`,
  'delivery.released': ({ search }) =>
    search === 1
      ? 'a driver is looked for at once'
      : `another driver is looked for (search ${search})`,
  'delivery.assigned': ({ pickupEtaAt }) =>
    `a driver takes the delivery; at the branch at about ${clock(pickupEtaAt)}`,
  'delivery.driver_pinged': () => 'the driver is late and is asked where they are',
  'delivery.unassigned': ({ reason }) =>
    reason === 'late' ? 'the driver is late and released' : 'the driver gives the delivery back',
  'delivery.picked_up': ({ dropoffEtaAt }) =>
    `the driver has the goods; at the customer at about ${clock(dropoffEtaAt)}`,
  'delivery.unconfirmed': () => 'nobody confirmed the drop-off in time: support looks into it',
  'delivery.delivered': () => 'the goods are delivered',
  'delivery.cancelled': () => 'the delivery is cancelled',
  'payment.authorizing': ({ attempt, amountMinor }, { money }) =>
    `${money(amountMinor)} are being authorized (attempt ${attempt})`,
  'payment.requires_action': () => 'the customer has to confirm the payment',
  'payment.checking': () => 'the provider is asked about the payment',
  'payment.authorized': ({ amountMinor, captureBefore }, { money }) =>
    `${money(amountMinor)} are authorized, to be captured before ${new Date(captureBefore).toISOString().slice(0, 16)}Z`,
  'payment.declined': ({ code }) => `the card is declined: ${code}`,
  'payment.capturing': ({ amountMinor }, { money }) => `${money(amountMinor)} are being captured`,
  'payment.captured': ({ amountMinor }, { money }) => `${money(amountMinor)} are captured`,
  'payment.capture_failed': ({ code }) => `the capture failed: ${code}`,
  'payment.voiding': () => 'the hold on the card is being released',
  'payment.voided': () => 'the hold on the card is released',
  'payment.written_off': ({ amountMinor, code }, { money }) =>
    `${money(amountMinor)} are written off: ${code}`,
  'deadline.extended': ({ until }) => `after an outage a deadline is put off until ${clock(until)}`,
};

const offerTexts: Readonly<Record<string, string>> = {
  'offer.made': 'the delivery is offered to a driver',
  'offer.accepted': 'the driver accepts the offer',
  'offer.declined': 'the driver declines the offer',
  'offer.expired': 'the offer expires unanswered',
  'offer.withdrawn': 'the offer is withdrawn',
  'offer.voided': 'the accepted offer is void: the order took no driver any more',
};
