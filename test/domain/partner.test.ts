// What a partner fleet may be asked for, and what its answers mean.

import { describe, expect, it } from 'vitest';
import { postingOf } from '../../db/ledger.ts';
import type { Command, PartnerResult } from '../../domain/messages.ts';
import { deadlinesOf } from '../../domain/lifecycle.ts';
import { isOver, type OrderFacts } from '../../domain/order.ts';
import { mayAskPartner, partnerCallOf } from '../../domain/partner.ts';
import type { PartnerProgress } from '../../domain/parts.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import {
  assign,
  driver,
  facts,
  hear,
  hour,
  inShort,
  minute,
  placedAt,
  say,
  seenAs,
  tooLate,
} from './lives.ts';
import { situation } from './situations.ts';

const now = placedAt + 30 * minute;
const heard = (name: string, command: Command) => inShort(hear(situation(name), command, now));
const driven = 'delivery.delivered order.settled payment.capturing';

describe('a partner fleet › is asked', () => {
  const searching = situation('searching');
  const may = (of: Partial<OrderFacts>, partnerCapMinor = 1_000): boolean =>
    mayAskPartner({
      ...searching,
      facts: { ...facts, ...of, policy: { ...defaultPolicy, partnerCapMinor } },
    });

  it('only where the policy names a price, and for what its couriers can bring', () => {
    expect([may({}), may({ proofs: ['photo'] })]).toEqual([true, true]);
    const plain = { load: 1, needs: [], ownDriversOnly: false, direct: true } as const;
    expect([may({ deliveryTerms: plain }), may({}, 0)]).toEqual([true, false]);
    const others: readonly Partial<OrderFacts>[] = [
      { method: 'cash' },
      { ageCheck: true },
      { prescription: true },
      { proofs: ['pin'] },
      { deliveryTerms: { ...plain, load: 2 } },
      { deliveryTerms: { ...plain, needs: ['heavy'] } },
      { deliveryTerms: { ...plain, vehicles: ['van'] } },
      { deliveryTerms: { ...plain, ownDriversOnly: true } },
    ];
    expect(others.filter((of) => may(of))).toEqual([]);
    expect(mayAskPartner(situation('handover, searching'))).toBe(false);
    expect(mayAskPartner(situation('partner left, searching'))).toBe(false);
  });

  it('behind the last rung, or as soon as the dispatcher is at its end; not when a person stops the search', () => {
    const of = {
      ...searching,
      facts: { ...facts, policy: { ...defaultPolicy, partnerCapMinor: 1 } },
    };
    const asks = (command: Command, at: number) => inShort(hear(of, command, at));
    expect(asks({ kind: 'askPartner' }, placedAt + 21 * minute - 1)).toBe('-');
    expect(asks({ kind: 'askPartner' }, placedAt + 21 * minute)).toBe('delivery.partner_requested');
    const exhausted = { kind: 'exhaustSearch', search: 1 } as const;
    expect(asks(exhausted, placedAt + 10 * minute)).toBe('delivery.partner_requested');
    expect(asks({ ...exhausted, byHand: true }, now)).toMatch(/^order.failed/);
  });

  it('before support is told that nobody was found, and not again behind it', () => {
    const left = deadlinesOf(situation('partner left, searching')).map(({ exit }) => exit);
    expect(left).toContain('escalateSearch');
    expect(left).not.toContain('askPartner');
    const asked = {
      ...searching,
      facts: { ...facts, policy: { ...defaultPolicy, partnerCapMinor: 1 } },
    };
    expect(deadlinesOf(asked).map(({ exit }) => exit)).not.toContain('escalateSearch');
  });

  it('and no driver can come to the order any more', () => {
    for (const name of ['partner asked', 'partner confirmed', 'partner cancelling']) {
      expect(heard(name, assign(1, now))).toBe('!not_searching');
      expect(heard(name, { kind: 'pickUp', driverId: driver(1) })).toBe('!not_your_delivery');
    }
  });
});

describe('a partner fleet › answers', () => {
  const answers: Readonly<Record<PartnerResult['kind'], Command>> = {
    partnerQuoted: say.quoted,
    partnerRefused: say.notBrought,
    partnerConfirmed: say.fleetTakes,
    partnerSeen: seenAs('picked_up'),
    partnerCancelled: say.partnerOff,
    partnerTooLate: tooLate('delivered'),
    partnerUnanswered: say.partnerSilent,
  };
  const unheard = Object.fromEntries(Object.keys(answers).map((kind) => [kind, '-']));
  const checks = { partnerUnanswered: 'delivery.partner_unchanged' };
  const pickedUp = 'order.ready delivery.partner_picked_up';

  it.each<[string, Readonly<Record<string, string>>]>([
    [
      'partner asked',
      {
        partnerQuoted: 'delivery.partner_quoted',
        partnerRefused: 'delivery.partner_declined',
        partnerUnanswered: 'delivery.partner_declined',
      },
    ],
    [
      'partner quoted',
      {
        partnerRefused: 'delivery.partner_declined',
        partnerConfirmed: 'delivery.partner_confirmed',
        partnerUnanswered: 'delivery.partner_cancelling',
      },
    ],
    ['partner confirmed', {}],
    ['partner checking', { ...checks, partnerSeen: pickedUp }],
    [
      'partner checking, news came',
      {
        partnerSeen: `${pickedUp} delivery.partner_checking`,
        partnerUnanswered: 'delivery.partner_unchanged delivery.partner_checking',
      },
    ],
    ['partner has the goods', {}],
    ['partner has the goods, checking', { ...checks, partnerSeen: 'delivery.partner_unchanged' }],
    [
      'partner cancelling',
      {
        partnerCancelled: 'delivery.partner_cancelled',
        partnerTooLate: `${pickedUp} ${driven}`,
        partnerUnanswered: 'delivery.partner_cancel_failed',
      },
    ],
    [
      'cancelled, partner cancelling',
      {
        partnerCancelled: 'delivery.partner_cancelled',
        partnerTooLate: 'delivery.partner_cancel_failed',
        partnerUnanswered: 'delivery.partner_cancel_failed',
      },
    ],
    ['partner delivered', {}],
    ['searching', {}],
  ])('%s › and only what was asked is heard', (name, wanted) => {
    const does = Object.entries(answers).map(([kind, command]) => [kind, heard(name, command)]);
    expect(Object.fromEntries(does)).toEqual({ ...unheard, ...wanted });
  });

  it('to an earlier call are passed over', () => {
    expect(heard('partner checking', { ...seenAs('picked_up'), key: 'another' } as Command)).toBe(
      '-',
    );
    const { key } = partnerCallOf(situation('partner checking')) ?? { key: '' };
    expect(heard('partner checking', { ...seenAs('picked_up'), key } as Command)).toBe(pickedUp);
  });

  it('a price above the cap with no', () => {
    const { events, state } = hear(situation('partner asked'), say.tooDear, now);
    expect(events).toMatchObject([{ code: 'too_expensive', priceMinor: 2_150 }]);
    expect(state.delivery).toMatchObject({ status: 'searching', since: placedAt + 6 * minute });
  });

  it('from how far it is, in whatever order the news comes', () => {
    expect(heard('partner checking', seenAs('pending'))).toBe('delivery.partner_unchanged');
    expect(heard('partner checking', seenAs('delivered'))).toBe(`${pickedUp} ${driven}`);
    expect(heard('partner checking', seenAs('cancelled'))).toBe('delivery.partner_cancelled');
    const on = 'partner has the goods, checking';
    expect(heard(on, seenAs('pending'))).toBe('delivery.partner_unchanged');
    expect(heard(on, seenAs('delivered'))).toBe(driven);
    expect(heard(on, seenAs('cancelled'))).toBe('delivery.partner_unconfirmed');
    expect(heard(on, seenAs('returned'))).toBe(
      'order.failed delivery.returned order.settled payment.voiding',
    );
    expect(heard(on, seenAs('returned', { customerFault: true }))).toBe(
      'order.failed delivery.returned order.settled payment.capturing',
    );
  });

  it('and is asked on when it has not said what became of the goods', () => {
    const late = situation('partner unconfirmed');
    const asked = hear(late, { kind: 'pollPartner' }, placedAt + 4 * hour);
    expect(inShort(asked)).toBe('delivery.partner_checking');
    expect(inShort(hear(asked.state, seenAs('delivered'), placedAt + 4 * hour))).toBe(driven);
  });

  it('late with a yes to what it has moved on with, and is asked at once', () => {
    expect(heard('partner quoted', { ...say.fleetTakes, isAhead: true })).toBe(
      'delivery.partner_confirmed delivery.partner_checking',
    );
  });

  it('news of another delivery with nothing', () => {
    expect(heard('partner confirmed', { kind: 'checkPartner', partnerRef: 'del_2' })).toBe('-');
    expect(heard('partner confirmed', say.partnerNews)).toBe('delivery.partner_checking');
    expect(heard('partner delivered', say.partnerNews)).toBe('-');
  });

  it('and takes goods that the customer was being asked about without them', () => {
    const short = hear(situation('partner checking'), say.shortage, now).state;
    const { state, events } = hear(short, seenAs('delivered'), now);
    expect(events.map(({ type }) => type)).toContain('order.shortage_resolved');
    expect(events).toContainEqual(expect.objectContaining({ customerMinor: 2_000 }));
    expect(state.goodsMinor).toBe(1_500);
  });
});

const postings = (name: string, command: Command) =>
  hear(situation(name), command, now).events.flatMap((event) => {
    const posting = postingOf(facts, event, 'none');
    return posting?.kind === 'partner_fleet' ? [posting] : [];
  });

describe('a partner fleet › money', () => {
  it('is the platform’s cost from the yes on, taken back when it costs nothing', () => {
    expect(postings('partner quoted', say.fleetTakes)).toEqual([
      {
        key: `${facts.orderId}:partner:1`,
        kind: 'partner_fleet',
        entries: [
          { account: 'partner_payable', party: 'partner_fleet', amountMinor: -940 },
          { account: 'platform', party: 'platform', amountMinor: 940 },
        ],
      },
    ]);
    const [back] = postings('partner cancelling', say.partnerOff);
    expect(back?.entries).toContainEqual(
      expect.objectContaining({ account: 'partner_payable', amountMinor: 940 }),
    );
    expect(postings('cancelled, partner cancelling', tooLate('delivered'))).toEqual([]);
  });

  it('follows what it charges: a return, a longer way, what it keeps when it gives up', () => {
    const on = 'partner has the goods, checking';
    const charged = (priceMinor: number) => (progress: PartnerProgress) =>
      postings(on, seenAs(progress, { priceMinor })).map(({ entries }) => entries[0]?.amountMinor);
    const dearer = charged(1_240);
    expect([dearer('picked_up'), dearer('delivered'), dearer('returned')]).toEqual([
      [-300],
      [-300],
      [-300],
    ]);
    expect(charged(240)('cancelled')).toEqual([700]);
    expect(charged(940)('returned')).toEqual([]);
    expect(postings('partner cancelling', tooLate('returned', { priceMinor: 1_240 }))).toHaveLength(
      1,
    );
    const { state } = hear(situation(on), seenAs('cancelled', { priceMinor: 240 }), now);
    expect(state.delivery).toMatchObject({ status: 'partner_unconfirmed', priceMinor: 240 });
  });

  it('leaves no driver’s share: tip and pay are in its price', () => {
    const { events } = hear(situation('partner has the goods, checking'), seenAs('delivered'), now);
    expect(events.find(({ type }) => type === 'order.settled')).toMatchObject({
      customerMinor: 2_500,
      merchantMinor: 1_600,
      driverMinor: 0,
      platformMinor: 900,
    });
  });
});

describe('an order that has ended', () => {
  it('is over only when the partner fleet has let go of it', () => {
    const paid = hear(
      situation('cancelled, partner cancelling'),
      { kind: 'paymentCaptured', amountMinor: 2_350 },
      now,
    ).state;
    expect([paid.payment.status, isOver(paid)]).toEqual(['captured', false]);
    expect(isOver(hear(paid, say.partnerOff, now + hour).state)).toBe(true);
  });

  it('while the fleet is being asked cancels what it then takes', () => {
    const { state } = hear(situation('partner quoted'), say.cancel, now);
    expect(inShort(hear(state, say.fleetTakes, now))).toBe(
      'delivery.partner_confirmed delivery.partner_cancelling',
    );
    expect(hear(state, say.notBrought, now).state.delivery.status).toBe('cancelled');
  });
});
