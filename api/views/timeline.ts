// The timeline's entries in words, for support: what happened, by whom, what it means.

import type { TimelineRow } from '../../db/timeline.ts';
import type { Scope } from '../../db/scope.ts';
import type { Actor, OrderEventBody, OrderEventType, UnassignReason } from '../../domain/events.ts';
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
  const money = (amountMinor: number): string => formatMoney(amountMinor, currency);
  if (source !== 'order') return otherTexts[source]({ type, body }, { money, viewer });
  const say = orderTexts[type as OrderEventType] as Text | undefined;
  return say?.({ ...body, type } as OrderEventBody, { by: nameOf(actor), money, viewer }) ?? type;
}

type Other = Exclude<TimelineRow['source'], 'order'>;
type Said = { readonly type: string; readonly body: object | null };

const otherTexts: Readonly<Record<Other, (said: Said, words: Omit<Words, 'by'>) => string>> = {
  provider: ({ type }) =>
    type.startsWith('partner.')
      ? `the partner fleet reports ${type.slice('partner.'.length)}`
      : `the payment provider reports ${type}`,
  offer: ({ type, body }, words) => `${offerTexts[type] ?? type}${raised(bonusIn(body), words)}`,
  support: ({ type, body }) => attemptText(type, body as AttemptBody),
  note: () => 'an agent notes something',
  incident: ({ type }) => `an incident is opened: ${type}`,
  workflow: ({ type }) => `found by the watchdog: ${type}`,
};

const bonusIn = (body: object | null): number | undefined =>
  body && 'bonusMinor' in body ? Number(body.bonusMinor) : undefined;

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

const amount = (minor: number | undefined, money: Words['money']): string =>
  minor === undefined ? '' : ` (${money(minor)})`;

/** Why a partner fleet never heard of the order. */
const notAsked: Readonly<Record<string, string>> = {
  not_configured: 'there is no partner fleet to ask',
  no_address: 'no partner fleet is asked: the customer’s address is gone',
  no_pickup_address: 'no partner fleet is asked: the branch has no address',
};

/** What a partner charges is the platform's to know. */
const priced = (minor: number | undefined, { money, viewer }: Omit<Words, 'by'>): string =>
  maySee('priceMinor', viewer) ? amount(minor, money) : '';

/** What a driver gets beyond the usual pay is the platform's to know, too. */
const raised = (minor: number | undefined, { money, viewer }: Omit<Words, 'by'>): string =>
  minor === undefined || !maySee('bonusMinor', viewer)
    ? ''
    : `, for ${money(minor)} more than usual`;

const orderTexts: Texts = {
  'order.placed': ({ totalMinor, itemCount }, { money }) =>
    `the order is placed: ${itemCount} items, ${money(totalMinor)}`,
  'order.scheduled': ({ promisedAt, releaseAt }) =>
    `the order is for ${clock(promisedAt)}; the merchant is asked at ${clock(releaseAt)}`,
  'order.rescheduled': ({ promisedAt }, { by }) => `${by} moves the order to ${clock(promisedAt)}`,
  'order.released': () => 'the time of the order for later has come',
  'order.submitted': () => 'the merchant is asked',
  'order.resubmitted': (_, { by }) => `${by} sends the order to the merchant again`,
  'order.acknowledged': () => 'the merchant has seen the order',
  'order.reminded': () => 'the merchant is reminded',
  'order.unacknowledged': () => 'the branch has not seen the order: its managers are told',
  'order.merchant_called': () => 'the merchant is called',
  'order.prescription_asked': () => 'a pharmacist looks at the prescription',
  'order.accepted': ({ readyEstimateAt, automatic }, { by }) =>
    automatic
      ? `accepted by itself; ready at about ${clock(readyEstimateAt)}`
      : `${by} accepts; ready at about ${clock(readyEstimateAt)}`,
  'order.preparation_started': () => 'preparing begins',
  'order.delayed': ({ readyEstimateAt, undo }, { by }) =>
    undo
      ? `${by} takes the delay back: ready at about ${clock(readyEstimateAt)}`
      : `${by} needs longer: ready at about ${clock(readyEstimateAt)}`,
  'order.preparation_asked': () =>
    'the goods are late: the merchant is asked when they will be ready',
  'order.reestimated': ({ readyEstimateAt }) =>
    `no answer: the goods are expected at about ${clock(readyEstimateAt)}`,
  'order.preparation_escalated': () => 'the goods are still late: support is told',
  'order.shortage_reported': ({ quantity, line, missingMinor, substituteMinor }, { money }) =>
    `${quantity} of item ${line + 1} missing (${money(missingMinor)})` +
    (substituteMinor === undefined ? '' : `; offered instead for ${money(substituteMinor)}`),
  'order.shortage_resolved': ({ outcome, goodsMinor }, { money }) =>
    `the missing goods are ${outcome}; goods now ${money(goodsMinor)}`,
  'order.ready': ({ assumed }, { by }) =>
    assumed ? 'the goods are assumed to be ready' : `${by} says that the goods are ready`,
  'order.unready': (_, { by }) => `${by} takes back that the goods are ready`,
  'order.collection_reminded': () => 'the customer is reminded to collect the goods',
  'order.handed_over': () => 'the customer has collected the goods',
  'order.remade': ({ readyEstimateAt }) =>
    `the goods are made once more; ready at about ${clock(readyEstimateAt)}`,
  'order.tip_changed': ({ tipMinor }, { by, money }) => `${by} sets the tip to ${money(tipMinor)}`,
  'order.notes_changed': (_, { by }) => `${by} changes the notes for the drop-off`,
  'order.address_changed': (_, { by }) => `${by} changes the address`,
  'order.converted_to_pickup': () => 'the customer will collect the goods',
  'order.held': ({ until }, { by }) => `${by} holds all deadlines until ${clock(until)}`,
  'order.unheld': (_, { by }) => `${by} ends the hold`,
  'order.denied': ({ code, endReason, outOfStock = [] }, { by }) =>
    `${by} denies the order: ${endReason}${coded(code)}` +
    (outOfStock.length > 0 ? `, out of stock: position ${outOfStock.join(', ')}` : ''),
  'order.expired': () => 'the merchant did not answer in time: the order expires',
  'order.cancelled': ({ endReason }, { by }) => `${by} cancels the order: ${endReason}`,
  'order.failed': ({ endReason, code }) => `the order fails: ${endReason}${coded(code)}`,
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
  'delivery.search_escalated': () =>
    'no driver was found on any rung: support is told, and the search goes on',
  'delivery.assigned': ({ pickupEtaAt, bonusMinor }, words) =>
    `a driver takes the delivery${raised(bonusMinor, words)}; at the branch at about ${clock(pickupEtaAt)}`,
  'delivery.eta_changed': ({ pickupEtaAt, dropoffEtaAt }) =>
    `the driver is now expected ${pickupEtaAt === undefined ? '' : `at the branch at about ${clock(pickupEtaAt)}, `}at the customer at about ${clock(dropoffEtaAt)}`,
  'delivery.driver_pinged': () => 'the driver is late and is asked where they are',
  'delivery.unassigned': ({ reason, payMinor }, { money }) =>
    `${unassigned[reason]}${payMinor > 0 ? amount(payMinor, money) : ''}`,
  'delivery.arrived_at_pickup': () => 'the driver is at the branch',
  'delivery.merchant_warned': () => 'the merchant is warned that the driver will leave',
  'delivery.picked_up': ({ dropoffEtaAt }) =>
    `the driver has the goods; at the customer at about ${clock(dropoffEtaAt)}`,
  'delivery.arrived_at_dropoff': () => 'the driver is at the door',
  'delivery.contact_attempted': ({ channel }) =>
    `the driver tries to reach the customer: ${channel}`,
  'delivery.unconfirmed': () => 'nobody confirmed the drop-off in time: support looks into it',
  'delivery.delivered': ({ leftAtDoor, happenedAt }) =>
    `the goods are ${leftAtDoor ? 'left at the door' : 'delivered'}` +
    (happenedAt === undefined ? '' : `, at ${clock(happenedAt)} as the phone says`),
  'delivery.problem_reported': ({ problem }) => `the driver reports a problem: ${problem}`,
  'delivery.transferred': () => 'another driver takes the goods over',
  'delivery.redelivery_started': () => 'the driver tries again',
  'delivery.return_started': ({ reason }) => `the goods are brought back: ${reason}`,
  'delivery.return_escalated': () => 'the goods are not back in time: support is told',
  'delivery.arrived_at_return': () => 'the driver is back at the branch',
  'delivery.returned': ({ assumed }) =>
    assumed ? 'the goods are assumed to be back' : 'the merchant has the goods again',
  'delivery.discarded': ({ reason }) => `the goods are disposed of: ${reason}`,
  'delivery.cancelled': () => 'the delivery is cancelled',
  'delivery.partner_requested': () => 'no driver was found: a partner fleet is asked',
  'delivery.partner_quoted': ({ priceMinor }, { money, viewer }) =>
    `the partner fleet would bring it${priced(priceMinor, { money, viewer })}`,
  'delivery.partner_declined': ({ code, priceMinor }, { money, viewer }) =>
    notAsked[code] ??
    `the partner fleet does not bring it: ${code}${priced(priceMinor, { money, viewer })}`,
  'delivery.partner_confirmed': ({ pickupEtaAt, priceMinor }, { money, viewer }) =>
    `a partner fleet takes the delivery${priced(priceMinor, { money, viewer })}; at the branch at about ${clock(pickupEtaAt)}`,
  'delivery.partner_checking': () => 'the partner fleet is asked how far it is',
  'delivery.partner_unchanged': () => 'the partner fleet is no farther than before',
  'delivery.partner_picked_up': ({ dropoffEtaAt }) =>
    `the partner’s courier has the goods; at the customer at about ${clock(dropoffEtaAt)}`,
  'delivery.partner_unconfirmed': () =>
    'the partner fleet does not say what became of the goods: support looks into it',
  'delivery.partner_repriced': ({ priceMinor }, { money, viewer }) =>
    `the partner fleet charges another price${priced(priceMinor, { money, viewer })}`,
  'delivery.partner_cancelling': () => 'the partner fleet is cancelled',
  'delivery.partner_cancelled': ({ by, priceMinor }, { money, viewer }) =>
    (by === 'partner'
      ? 'the partner fleet gives the delivery up'
      : 'the partner fleet is out of it') +
    (priceMinor > 0 ? priced(priceMinor, { money, viewer }) : ''),
  'delivery.partner_cancel_failed': ({ code, priceMinor }, { money, viewer }) =>
    `the partner fleet could not be cancelled: ${code}${priced(priceMinor, { money, viewer })}`,
  'payment.authorizing': ({ attempt, amountMinor }, { money }) =>
    `${money(amountMinor)} are being authorized (attempt ${attempt})`,
  'payment.requires_action': () => 'the customer has to confirm the payment',
  'payment.checking': ({ last }) =>
    last
      ? 'the time to pay is up: the provider is asked once more'
      : 'the provider is asked about the payment',
  'payment.authorized': ({ amountMinor, captureBefore }, { money }) =>
    `${money(amountMinor)} are authorized, to be captured before ${new Date(captureBefore).toISOString().slice(0, 16)}Z`,
  'payment.renewing': ({ amountMinor }, { money }) =>
    `a new hold of ${money(amountMinor)} is asked for, before the old one lapses`,
  'payment.renewed': ({ amountMinor, captureBefore }, { money }) =>
    `${money(amountMinor)} are authorized anew, to be captured before ${new Date(captureBefore).toISOString().slice(0, 16)}Z`,
  'payment.renewal_failed': ({ code, last }) =>
    `there is no new hold: ${code}${last ? '; it is not tried again' : ''}`,
  'payment.releasing': () => 'the hold that is not needed any more is being released',
  'payment.released': () => 'the hold that was not needed any more is released',
  'payment.release_failed': ({ code }) => `a hold could not be released: ${code}`,
  'payment.declined': ({ code }) => `the card is declined: ${code}`,
  'payment.capturing': ({ amountMinor }, { money }) => `${money(amountMinor)} are being captured`,
  'payment.captured': ({ amountMinor }, { money }) => `${money(amountMinor)} are captured`,
  'payment.refund_due': ({ amountMinor }, { money }) =>
    `${money(amountMinor)} are to be given back`,
  'payment.capture_failed': ({ code }) => `the capture failed: ${code}`,
  'payment.voiding': () => 'the hold on the card is being released',
  'payment.voided': () => 'nothing is held or due any more',
  'payment.written_off': ({ amountMinor, code }, { money }) =>
    `${money(amountMinor)} are written off: ${code}`,
  'payment.due': ({ amountMinor }, { money }) => `${money(amountMinor)} are due in cash`,
  'payment.collected': ({ amountMinor }, { money }) => `${money(amountMinor)} are paid in cash`,
  'payment.remitted': ({ amountMinor }, { money }) => `${money(amountMinor)} of cash are handed in`,
  'payment.short': ({ amountMinor, missingMinor }, { money }) =>
    `${money(amountMinor)} of cash are handed in, ${money(missingMinor)} are missing`,
  'payment.refused': () => 'the cash was not paid',
  'payment.external': () => 'the order is paid elsewhere',
  'payment.paid_elsewhere': ({ amountMinor }, { money }) =>
    `${money(amountMinor)} are due from where it was paid`,
  'deadline.extended': ({ until, byMs }, { by }) =>
    byMs === undefined
      ? `after an outage a deadline is put off until ${clock(until)}`
      : `${by} puts a deadline off until ${clock(until)}`,
  'deadline.restored': (_, { by }) => `${by} takes the put-off back`,
};

const unassigned: Readonly<Record<UnassignReason, string>> = {
  abandoned: 'the driver gives the delivery back',
  late: 'the driver is late and released',
  waited: 'the driver has waited too long and is released with pay',
  problem: 'the driver is relieved of the delivery and paid',
  support: 'support releases the driver',
  converted: 'no driver is needed any more',
};

const offerTexts: Readonly<Record<string, string>> = {
  'offer.made': 'the delivery is offered to a driver',
  'offer.accepted': 'the driver accepts the offer',
  'offer.declined': 'the driver declines the offer',
  'offer.expired': 'the offer expires unanswered',
  'offer.withdrawn': 'the offer is withdrawn',
  'offer.voided': 'the accepted offer is void: the order took no driver any more',
};
