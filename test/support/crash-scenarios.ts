// For every command, exit and payment step of the lifecycle: how a real order gets there, and how it ends. The names
// come from domain/messages.ts; test/scripts/proof.test.ts fails when one has neither a scenario nor a reason.

import type { OrderEventType } from '../../domain/events.ts';
import { exitKinds, updateNames, type ExitKind, type UpdateName } from '../../domain/messages.ts';
import type { PartnerCall } from '../../domain/partner.ts';
import type { PaymentCall } from '../../domain/payment-call.ts';
import { byCommand } from './crash-commands.ts';
import { byExit } from './crash-exits.ts';
import { cancel, carrying, deliver, deny, denying, exitMs, later, leads } from './crash-leads.ts';
import {
  authenticate,
  merchant,
  placed,
  seen,
  support,
  takeOffer,
  takeOfferUntold,
  type Told,
} from './crash-steps.ts';

type PaymentStep = PaymentCall['step'];
type PartnerStep = PartnerCall['step'];
/** The step in the key of each call to a partner fleet. */
const partnerKeys = {
  quote: 'partner_quote',
  create: 'partner',
  check: 'partner_check',
  cancel: 'partner_cancel',
} as const satisfies Record<PartnerStep, string>;
type PartnerKey = (typeof partnerKeys)[PartnerStep];
export type Doing =
  | 'place'
  | UpdateName
  | ExitKind
  | `answer:${PaymentStep}`
  | `answer:${PartnerKey}`
  /** The same command as by the dispatcher, by hand. */
  | 'stopSearch'
  | 'settled'
  | 'putOff'
  | 'offer'
  | 'lapse'
  /** An offer that was accepted, of which the order has not been told. */
  | 'assignAgain';

const paymentSteps = Object.keys({
  authorize: true,
  check: true,
  capture: true,
  void: true,
  release: true,
} satisfies Record<PaymentStep, true>) as readonly PaymentStep[];

const partnerSteps = Object.keys(partnerKeys) as readonly PartnerStep[];

/** Everything that can happen to an order. */
export const doings: readonly Doing[] = [
  'place',
  ...updateNames,
  'stopSearch',
  ...exitKinds,
  ...paymentSteps.map((step): Doing => `answer:${step}`),
  ...partnerSteps.map((step): Doing => `answer:${partnerKeys[step]}`),
  'settled',
  'putOff',
  'offer',
  'lapse',
  'assignAgain',
];

export type Scenario = Told & {
  /** What the record of this doing is tagged with (activities/record.ts); absent: the order does not record it. */
  readonly tag?: OrderEventType | `exit:${ExitKind}` | `answer:${PaymentStep | PartnerKey}`;
  /** The command, when the API sends it. */
  readonly sent?: UpdateName | 'place';
};

const byAnswer: { readonly [S in PaymentStep]: Told } = {
  authorize: { place: placed(), finish: denying, end: 'denied voided' },
  check: { lead: leads.toConfirm, act: authenticate, finish: denying, end: 'denied voided' },
  capture: { lead: leads.pickedUp, act: deliver, end: 'completed captured' },
  void: { lead: leads.pending, act: deny, end: 'denied voided' },
  release: byExit.renewHold,
};

const byPartnerAnswer: { readonly [S in PartnerStep]: Told } = {
  quote: byExit.askPartner,
  // What the partner says before its yes is recorded is said to nobody: the poll finds it.
  create: {
    ...byExit.askPartner,
    policy: { ...byExit.askPartner.policy, partnerPollMs: exitMs },
  },
  check: byExit.pollPartner,
  cancel: { ...byExit.pollPartner, act: cancel, finish: [] },
};

const others = {
  place: { tag: 'order.placed', sent: 'place', ...byAnswer.authorize },
  stopSearch: {
    tag: 'order.failed',
    sent: 'exhaustSearch',
    noDriver: true,
    lead: leads.ready,
    act: support('stop-search'),
    end: 'failed voided',
  },
  settled: { tag: 'payment.checking', ...byAnswer.check },
  /** Late by a moment is late: it is put off once, then it comes. */
  putOff: {
    tag: 'deadline.extended',
    policy: { expireMs: exitMs, overdueGraceMs: 1, overdueExtensionMs: 1_000 },
    lead: leads.pending,
    end: 'expired voided',
  },
  offer: {
    lead: leads.slow,
    act: merchant('ready'),
    finish: [takeOffer, ...carrying],
    end: 'completed captured',
  },
  lapse: {
    policy: { offerTtlMs: exitMs },
    lead: leads.offered,
    finish: [cancel],
    end: 'cancelled voided',
  },
  assignAgain: {
    tag: 'delivery.assigned',
    policy: { offerTtlMs: later },
    lead: leads.offered,
    act: takeOfferUntold,
    finish: [seen('delivery.assigned'), ...carrying],
    end: 'completed captured',
  },
} as const satisfies Readonly<Record<string, Scenario>>;

const answers = paymentSteps.map((step) => {
  const name: Doing = `answer:${step}`;
  return [name, { tag: name, ...byAnswer[step] }] as const;
});

export const scenarios: ReadonlyMap<Doing, Scenario> = new Map<Doing, Scenario>([
  ...updateNames.map((name) => {
    const { direct, ...row } = byCommand[name];
    return [name, direct ? row : { ...row, sent: name }] as const;
  }),
  ...exitKinds.map((name) => [name, { tag: `exit:${name}` as const, ...byExit[name] }] as const),
  ...answers,
  ...partnerSteps.map((step) => {
    const name: Doing = `answer:${partnerKeys[step]}`;
    return [name, { tag: name, ...byPartnerAnswer[step] }] as const;
  }),
  ...Object.entries(others).map(([name, scenario]) => [name as Doing, scenario] as const),
]);

/** The same of a partner fleet's. */
export const partnerStepOf = (doing: Doing): PartnerStep | undefined =>
  partnerSteps.find((step) => doing === `answer:${partnerKeys[step]}`);

/** The step of a payment's answer; undefined for everything else. */
export const paymentStepOf = (doing: Doing): PaymentStep | undefined =>
  paymentSteps.find((step) => doing === `answer:${step}`);
