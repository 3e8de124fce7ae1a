// The exceptions queue and previews in words.

import {
  exceptionReasons,
  type ExceptionReason,
  type ExceptionRow,
  type Incident,
} from '../../db/exceptions.ts';
import type { OrderLog } from '../../db/order-logs.ts';
import type { Refusal } from '../../domain/errors.ts';
import type { Deadline } from '../../domain/lifecycle.ts';
import { formatMoney } from '../../domain/money.ts';
import type { Preview as Effects, Standing } from '../../domain/preview.ts';
import { actionOf, possibleActions, type SupportActionName } from '../../domain/support.ts';
import type { Exception, Preview } from '../schemas/support.ts';
import { byItself } from './order.ts';
import { textOfEvent } from './timeline.ts';

export const supportPath = (orderId: string): string => `/v1/support/orders/${orderId}`;

const stepBody = (next: Deadline | undefined): Preview['next_step'] =>
  next ? { at: new Date(next.at).toISOString(), exit: next.exit, says: next.says } : null;

type Around = {
  readonly log: OrderLog | undefined;
  readonly incidents: readonly Incident[];
  readonly now: number;
};

export function exceptionBody(row: ExceptionRow, { log, incidents, now }: Around): Exception {
  const [next] = row.deadlines;
  const stands = standsStill(row);
  return {
    order_id: row.id,
    number: row.number,
    external_id: row.external_id,
    merchant_id: row.merchant_id,
    branch_id: row.branch_id,
    market_id: row.market_id,
    driver_id: row.driver_id,
    status: row.status,
    order_status: row.order_status,
    delivery_status: row.delivery_status,
    payment_status: row.payment_status,
    end_reason: row.end_reason,
    sequence: row.sequence,
    currency: row.currency,
    total_minor: row.total_minor,
    placed_at: row.placed_at.toISOString(),
    due_at: row.due_at.toISOString(),
    reasons: row.reasons.map((code) => ({ code, says: reasonText(code, row) })),
    owner: stands ? 'support' : row.owner,
    next_step: stands ? null : stepBody(next),
    by_itself: whatFollows(row, next),
    incidents: incidents.map(({ at, key, kind, says }) => ({
      key,
      kind,
      says,
      at: at.toISOString(),
    })),
    claim:
      row.claimed_by && row.claimed_until
        ? { key_id: row.claimed_by, expires_at: row.claimed_until.toISOString() }
        : null,
    actions: actionsOf(row, log, now),
  };
}

function reasonText(code: ExceptionReason, { deadlines }: ExceptionRow): string {
  const { says, exit } = exceptionReasons[code];
  const end = deadlines.find((deadline) => deadline.exit === exit);
  return end ? `${says}; by itself at ${byItself(end)}` : says;
}

/** Deadlines are still written in the row of an order that nobody looks after. */
const standsStill = ({ reasons }: ExceptionRow): boolean =>
  reasons.some((reason) => reason === 'workflow_gone' || reason === 'workflow_failing');

function whatFollows(row: ExceptionRow, next: Deadline | undefined): string {
  if (row.reasons.includes('workflow_gone')) return 'nothing: settle it';
  if (row.reasons.includes('workflow_failing'))
    return 'nothing until its code is repaired: tell an engineer, or terminate and settle it';
  if (row.is_over) return 'nothing: the order is over; look into the incident and resolve it';
  return byItself(next);
}

type Link = Exception['actions'][number];
const link = (orderId: string, action: string, says: string): Link => ({
  action,
  says,
  path: `${supportPath(orderId)}/${action}`,
});

function actionsOf(row: ExceptionRow, log: OrderLog | undefined, now: number): Link[] {
  const { id, reasons } = row;
  const resolve = reasons.includes('incident')
    ? [link(id, 'incidents/resolve', 'The incident is looked after')]
    : [];
  if (reasons.includes('workflow_gone'))
    return [link(id, 'settle', 'End the order from its log'), ...resolve];
  if (reasons.includes('workflow_failing'))
    return [link(id, 'terminate', 'End the broken workflow; then settle'), ...resolve];
  const names = log && !row.is_over ? possibleActions(log.state, now) : [];
  return [...names.map((name) => link(id, `actions/${name}`, actionOf(name).says)), ...resolve];
}

type Asked = {
  readonly orderId: string;
  readonly action: SupportActionName | 'settle' | 'compensate';
  readonly currency: string;
  readonly sequence: number;
  readonly limitMinor: number;
};

const standingBody = ({ money, ...states }: Standing): NonNullable<Preview['before']> => ({
  ...states,
  money: {
    held_minor: money.heldMinor,
    captured_minor: money.capturedMinor,
    customer_pays_minor: money.settlement.customerMinor,
    merchant_gets_minor: money.settlement.merchantMinor,
    driver_gets_minor: money.settlement.driverMinor,
    platform_keeps_minor: money.settlement.platformMinor,
    tax_minor: money.settlement.taxMinor,
    goods_tax_minor: money.settlement.goodsTaxMinor ?? 0,
    rounding_minor: money.settlement.roundingMinor,
  },
});

export function previewBody(
  { orderId, action, currency, sequence, limitMinor }: Asked,
  effects: Effects,
): Preview {
  const { before, after, events, told, next, lossMinor } = effects;
  return {
    order_id: orderId,
    action,
    sequence,
    allowed: true,
    refusal: null,
    // Break-glass is for when nothing else can act: one agent, and the audit. Nobody approves a compensation.
    needs_approval: action !== 'settle' && action !== 'compensate' && lossMinor > limitMinor,
    currency,
    before: standingBody(before),
    after: standingBody(after),
    money_says: moneyInWords(after, currency),
    happens: events.map((event) => ({ type: event.type, text: textOfEvent(event, currency) })),
    told: [...told],
    next_step: stepBody(next),
  };
}

export const refusedPreview = (
  { orderId, action, currency, sequence }: Asked,
  { code, reason, at }: Refusal,
): Preview => ({
  order_id: orderId,
  action,
  sequence,
  allowed: false,
  refusal: {
    code,
    reason: at === undefined ? reason : `${reason} (${new Date(at).toISOString()})`,
  },
  needs_approval: false,
  currency,
  before: null,
  after: null,
  money_says: 'nothing changes',
  happens: [],
  told: [],
  next_step: null,
});

function moneyInWords({ money, payment }: Standing, currency: string): string {
  const { customerMinor, merchantMinor, driverMinor, platformMinor } = money.settlement;
  const say = (amountMinor: number): string => formatMoney(amountMinor, currency);
  if (money.heldMinor > 0) {
    const paid =
      platformMinor < 0 ? `the platform has paid ${say(-platformMinor)}` : 'nobody is paid yet';
    return `${say(money.heldMinor)} stay held on the card; ${paid}`;
  }
  const platform =
    platformMinor < 0
      ? `the platform bears ${say(-platformMinor)}`
      : `the platform keeps ${say(platformMinor)}`;
  const card = payment === 'voided' ? ' and the hold on the card is released' : '';
  return `the customer pays ${say(customerMinor)}${card}; the merchant gets ${say(merchantMinor)}, the driver ${say(driverMinor)}, ${platform}`;
}
