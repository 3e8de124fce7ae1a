// What a played day comes to, in lines for people. Pure. Called by `npm start`.

import type { Day } from '../../sandbox/city/day.ts';
import { lateMinutes, type Spread } from '../../sandbox/city/figures.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import type { HistoryCost } from './cost.ts';

const shownOrders = 40;

const share = (part: number, whole: number): string =>
  `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
const minutes = (value: number): string => value.toFixed(1);

export function describeDay(day: Day): readonly string[] {
  const { figures, realSeconds, retries, oddities, openAtEnd } = day;
  const { orders, delivered, collected, late, endReasons, undelivered } = figures;
  const causes = [...endReasons]
    .toSorted((a, b) => b[1] - a[1])
    .map(([cause, count]) => `${cause} ${count}`);
  const sent = [...retries.values()].reduce((all, each) => all + each, 0);
  return [
    `orders         ${orders} in ${realSeconds.toFixed(0)} s (${(orders / realSeconds).toFixed(2)} a second)`,
    `delivered      ${delivered} (${share(delivered, orders)}), ${late} of them after more than ${lateMinutes} minutes`,
    ...(collected === 0 ? [] : [`collected      ${collected}`]),
    `neither        ${orders - delivered - collected}${causes.length === 0 ? '' : `: ${causes.join(', ')}`}`,
    ...undelivered
      .slice(0, shownOrders)
      .map(
        ({ name, orderId, cause }) =>
          `               ${name}  ${orderId ?? 'not placed'}  ${cause}`,
      ),
    ...(undelivered.length > shownOrders
      ? [`               … and ${undelivered.length - shownOrders} more`]
      : []),
    `click to door  ${figures.clickToDoor === undefined ? 'nothing was delivered' : describeSpread(figures.clickToDoor)}`,
    `clients        ${sent} requests were sent again${openAtEnd === 0 ? '' : `; ${openAtEnd} orders are still open`}`,
    ...[...retries].map(([why, count]) => `               again: ${why} (${count})`),
    ...[...oddities].map(([what, count]) => `               unexpected: ${what} (${count})`),
  ];
}

const describeSpread = ({ mean, median, p90, max }: Spread): string =>
  `mean ${minutes(mean)} · median ${minutes(median)} · p90 ${minutes(p90)} · max ${minutes(max)} minutes`;

export type Cost = {
  readonly orders: number;
  readonly delivered: HistoryCost;
  /** Of all workflows of the day, by the engine's own counter. */
  readonly meteredActions: number | undefined;
  /** Of the orders' workflows, by their histories. */
  readonly orderActions: number;
};

export function describeCost({
  orders,
  delivered,
  meteredActions,
  orderActions,
}: Cost): readonly string[] {
  const each = (count: number): string => (count / Math.max(1, orders)).toFixed(1);
  const { events, actions, of } = delivered;
  return [
    `history        ${events.toFixed(1)} events and ${actions.toFixed(1)} billable actions per delivered order (${of} histories)`,
    meteredActions === undefined
      ? 'actions        not metered: the engine is not ours'
      : `actions        ${each(meteredActions)} per order on the engine’s counter: ${each(orderActions)} by the order itself, ` +
        `${each(meteredActions - orderActions)} by dispatch and maintenance`,
  ];
}

const span = (ms: number): string =>
  ms < 120_000 ? `${ms / 1_000} s` : ms < 7_200_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;

/** The policy by which the day was played, in minutes of the city. */
export function describePolicy(overrides: Partial<Policy> = {}): string {
  const policy = { ...defaultPolicy, ...overrides };
  const rungs = policy.rungs
    .map(({ radiusM, durationMs, payBps = 0 }) =>
      [
        `${radiusM / 1_000} km ${span(durationMs)}`,
        ...(payBps > 0 ? [`+${payBps / 100} %`] : []),
      ].join(' '),
    )
    .join(', ');
  return [
    `policy ${policy.version}: remind ${span(policy.remindMerchantMs)}`,
    `expire ${span(policy.expireMs)}`,
    `pay within ${span(policy.paymentActionTimeoutMs)}`,
    `look for a driver ${span(policy.releaseLeadMs + policy.approachMs)} before ready`,
    `rungs ${rungs}`,
    `offer ${span(policy.offerTtlMs)}`,
    `tick ${span(policy.dispatchTickMs)}`,
    `search ${span(policy.searchLimitMs)}`,
    policy.partnerCapMinor > 0
      ? `a partner fleet for at most ${policy.partnerCapMinor} minor units`
      : 'no partner fleet',
    ...Object.entries(overrides).flatMap(([name, value]) =>
      name.endsWith('Ms') ? [`${name} ${span(Number(value))}`] : [],
    ),
  ].join(' · ');
}
