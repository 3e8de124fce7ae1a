// Every command and exit while a partner fleet is asked for an order or has it.

import * as mix from './more-cells-mix.ts';
import type { Heard } from './more-cells.ts';

const noted = {
  changeDropoffNotes: 'order.notes_changed',
  hold: 'order.held',
  'extendDeadline first': 'deadline.extended',
} as const;
const preparing = {
  ...noted,
  markReady: 'order.ready',
  forceReady: 'order.ready',
  delayPrep: 'order.delayed',
  reportShortage: 'order.shortage_reported',
  'exit askPreparation': 'order.preparation_asked',
} as const;
/** The answer that is awaited ends the delivery. */
const awaited = {
  ...preparing,
  'cancel by customer': 'order.cancelled order.settled payment.capturing',
  'cancel by merchant': 'order.cancelled payment.voiding',
  'cancel by support': 'order.cancelled order.settled payment.voiding',
  'forceFail before pickup': 'order.failed order.settled payment.voiding',
  cancelWithOutcome: 'order.cancelled order.settled payment.capturing',
} as const;
const ends = {
  cancelWithOutcome: 'order.cancelled delivery.partner_cancelling order.settled payment.capturing',
} as const;
const confirmed = {
  ...preparing,
  ...ends,
  'cancel by customer':
    'order.cancelled delivery.partner_cancelling order.settled payment.capturing',
  'cancel by merchant': 'order.cancelled delivery.partner_cancelling payment.voiding',
  'cancel by support': 'order.cancelled delivery.partner_cancelling order.settled payment.voiding',
  'forceFail before pickup':
    'order.failed delivery.partner_cancelling order.settled payment.voiding',
  unassignDriver: 'delivery.partner_cancelling',
  'exit dropPartner': 'delivery.partner_cancelling',
} as const;
const withTheGoods = {
  ...noted,
  ...ends,
  forceDeliver: 'delivery.delivered order.settled payment.capturing',
  'forceFail lost': 'order.failed delivery.partner_cancelling order.settled payment.voiding',
} as const;
const givesUp = { 'exit giveUpPartner': 'delivery.partner_cancel_failed' } as const;
const poll = { 'exit pollPartner': 'delivery.partner_checking' } as const;
const unconfirms = { 'exit unconfirmPartner': 'delivery.partner_unconfirmed' } as const;
const failed = 'order.failed delivery.cancelled order.settled payment.voiding';

export const partnerCells: readonly (readonly [situations: readonly string[], heard: Heard])[] = [
  [['partner asked', 'partner quoted'], awaited],
  [['partner cancelling'], { ...awaited, ...givesUp }],
  [['partner confirmed'], { ...confirmed, ...poll }],
  [['partner checking', 'partner checking, news came'], confirmed],
  [['partner has the goods'], { ...withTheGoods, ...poll, ...unconfirms }],
  [['partner has the goods, checking'], { ...withTheGoods, ...unconfirms }],
  [
    ['partner unconfirmed'],
    {
      ...withTheGoods,
      ...poll,
      'exit giveUpProof': 'order.failed delivery.partner_cancelling order.settled payment.voiding',
    },
  ],
  [
    ['partner left, searching'],
    {
      ...preparing,
      ...mix.delivering,
      ...mix.ended,
      ...mix.searched,
      ...mix.beforeTheDriver,
      'cancel by customer': 'order.cancelled delivery.cancelled order.settled payment.capturing',
      'cancel by merchant': 'order.cancelled delivery.cancelled payment.voiding',
      'cancel by support': 'order.cancelled delivery.cancelled order.settled payment.voiding',
      // It was asked as often as the policy allows.
      'exhaustSearch this': 'delivery.search_escalated',
      'exit escalateSearch': 'delivery.search_escalated',
      'exit failSearch': failed,
    },
  ],
  [['cancelled, partner cancelling'], givesUp],
  [['partner delivered'], {}],
];
