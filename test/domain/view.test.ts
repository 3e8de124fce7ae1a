import { describe, expect, it } from 'vitest';
import { deadlinesOf } from '../../domain/lifecycle.ts';
import { currencies, maxAmountMinor } from '../../domain/money.ts';
import { isOver, simpleStatus } from '../../domain/order.ts';
import { partnerCallOf } from '../../domain/partner.ts';
import { paymentCallOf } from '../../domain/payment-call.ts';
import { detailsOf, rowOf, summaryOf } from '../../domain/view.ts';
import { driver, facts, hour, minute, offer, placedAt } from './lives.ts';
import { situation, situations } from './situations.ts';

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
const names = [...situations.keys()];

describe('summary', () => {
  it('says number, items and total', () => {
    expect(summaryOf(facts)).toBe('#1042 · delivery · 2 items · 25.00 EUR');
    expect(summaryOf({ ...facts, itemCount: 1 })).toBe('#1042 · delivery · 1 item · 25.00 EUR');
  });

  it('stays within 200 bytes whatever it is given', () => {
    for (const number of [
      '',
      'x'.repeat(10_000),
      '漢'.repeat(500),
      '👩‍👩‍👧'.repeat(100),
      '\uD83D'.repeat(300),
    ]) {
      for (const currency of currencies) {
        const extreme = {
          ...facts,
          number,
          currency,
          itemCount: Number.MAX_SAFE_INTEGER,
          totalMinor: maxAmountMinor,
        };
        expect(bytesOf(summaryOf(extreme))).toBeLessThanOrEqual(200);
      }
    }
  });
});

const inUtc = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ');

describe('details', () => {
  it.each(names)('%s › stay within 20 kB and say who moves, until when, and what then', (name) => {
    const state = situation(name);
    const text = detailsOf(state);
    expect(bytesOf(text)).toBeLessThanOrEqual(20_000);
    for (const { owner, at, says } of deadlinesOf(state)) {
      expect(text).toContain(`until **${inUtc(at)} UTC** it is the ${owner}'s move; then ${says}`);
    }
    expect(text).toContain(`payment \`${state.payment.status}\``);
    expect(text).toMatch(/Support can/);
    const idle = deadlinesOf(state).length === 0 && paymentCallOf(state) !== undefined;
    expect(text.includes('a payment call is under way')).toBe(idle);
    expect(text.includes('the partner fleet is being asked')).toBe(
      partnerCallOf(state) !== undefined,
    );
  });

  it('tell support what it can do', () => {
    expect(detailsOf(situation('searching'))).toContain(
      `/v1/support/orders/${facts.orderId}/actions/cancel`,
    );
    expect(detailsOf(situation('picked up'))).toContain('mark-delivered');
    expect(detailsOf(situation('denied, voiding'))).toContain('only money is still on its way');
    expect(detailsOf(situation('completed'))).toContain('nothing is left to do');
    expect(detailsOf(situation('expired, voided'))).toContain('merchant_expired');
  });

  it('tell who is asked from when on while a driver is looked for', () => {
    const text = detailsOf(situation('searching'));
    expect(text).toContain(`from ${inUtc(placedAt + 6 * minute)} UTC on, drivers within 3 km`);
    expect(text).toContain(`from ${inUtc(placedAt + 16 * minute)} UTC on, drivers within 10 km`);
    expect(detailsOf(situation('confirmed'))).not.toContain('drivers within');
  });
});

describe('row', () => {
  it.each(names)('%s › shows the earliest deadline, its owner and the next step', (name) => {
    const state = situation(name);
    const row = rowOf(state);
    const first = deadlinesOf(state)[0];
    expect([row.deadlineAt, row.nextExit]).toEqual([first?.at, first?.exit]);
    expect(row.owner).toBe(first?.owner ?? (isOver(state) ? undefined : 'system'));
    expect([row.sequence, row.isOver, row.status]).toEqual([
      state.sequence,
      isOver(state),
      simpleStatus(state),
    ]);
  });

  it('shows the search to the dispatcher', () => {
    const at = placedAt + 8 * minute;
    expect(rowOf(situation('searching again'))).toMatchObject({
      search: 2,
      searchSince: at,
      driverId: undefined,
    });
    expect(rowOf(situation('search ahead'))).toMatchObject({
      search: 1,
      searchSince: placedAt + minute + 500 * hour - 10 * minute,
      deliveryStatus: 'searching',
    });
  });

  it('shows who carries it, and frees them when it ends', () => {
    expect(rowOf(situation('picked up'))).toMatchObject({ driverId: driver(1), offerId: offer(1) });
    expect(rowOf(situation('cancelled, capturing'))).toMatchObject({
      driverId: undefined,
      offerId: undefined,
    });
  });

  it.each([
    ['pending', 'PENDING'],
    ['authorizing', 'PENDING'],
    ['search ahead', 'PREPARING'],
    ['confirmed', 'PREPARING'],
    ['ready, searching', 'READY'],
    ['picked up', 'OUT_FOR_DELIVERY'],
    ['unconfirmed', 'OUT_FOR_DELIVERY'],
    ['delivered', 'DELIVERED'],
    ['completed', 'DELIVERED'],
    ['denied, voiding', 'CANCELLED'],
    ['expired, voided', 'CANCELLED'],
    ['failed, voided', 'CANCELLED'],
  ])('%s › is simply %s', (name, status) => {
    expect(rowOf(situation(name)).status).toBe(status);
  });
});
