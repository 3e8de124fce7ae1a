// Every two commands of one order that both move money, in every situation and in both orders: whichever comes first, the
// other is refused by a typed code or passed over. Generated: no pair is left out.

import { describe, expect, it } from 'vitest';
import { errorTable } from '../../domain/errors.ts';
import type { OrderEvent } from '../../domain/events.ts';
import { exitKinds, type Command } from '../../domain/messages.ts';
import type { OrderState } from '../../domain/order.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { figure } from '../support/figure.ts';
import { spoken } from './cells.ts';
import { after, assign, facts, hear, hour, minute, placedAt, say, type Saying } from './lives.ts';
import { further } from './more-cells.ts';
import { situations } from './situations.ts';

/** What sends money on its way, takes it, or says for good what becomes of it. */
const moves: ReadonlySet<OrderEvent['type']> = new Set([
  'order.settled',
  'payment.authorizing',
  'payment.capturing',
  'payment.voiding',
  'payment.renewing',
  'payment.collected',
  'payment.remitted',
  'payment.short',
  'payment.paid_elsewhere',
  'payment.refund_due',
]);

/** Deadlines have come, and people speak. */
const at = placedAt + 1_000 * hour;
const said: readonly (readonly [name: string, of: (state: OrderState) => Command])[] = [
  ...Object.entries({ ...spoken, ...further }),
  ...exitKinds.map((kind) => [`exit ${kind}`, (): Command => ({ kind })] as const),
];

type Heard = ReturnType<typeof hear>;
const movesMoney = ({ events }: Heard): boolean => events.some(({ type }) => moves.has(type));

type Pair = { readonly name: string; readonly first: Heard; readonly second: Heard };
const pairsIn = ([situation, state]: readonly [string, OrderState]): readonly Pair[] => {
  const moving = said
    .map(([name, of]) => ({ name, command: of(state), first: hear(state, of(state), at) }))
    .filter(({ first }) => movesMoney(first));
  return moving.flatMap(({ name, first }) =>
    moving.map((other) => ({
      name: `${situation}: ${name}, then ${other.name}`,
      first,
      second: hear(first.state, other.command, at + 1),
    })),
  );
};

const preparing: readonly Saying[] = [
  [minute, say.accept],
  [6 * minute, say.ready],
];
const onTheRoad: readonly Saying[] = [
  ...preparing,
  [7 * minute, assign(1, placedAt + 12 * minute)],
  [12 * minute, say.pickUp],
];
const elsewhere = { ...facts, method: 'external', paymentMethod: '' } as const;
const byPhone = { ...facts, method: 'mobile_money', paymentMethod: 'campay:payer' } as const;
const paid: readonly Saying[] = [
  [0, say.place],
  [1_000, say.taken],
];
const renewing = { ...defaultPolicy, orderLifeMs: 14 * 24 * hour, maxHoldRenewals: 1 };
const held: readonly Saying[] = [
  [0, say.place],
  [1_000, say.authorized],
];
/** Ways to pay that the everyday situations do not have, and a hold that is to be renewed. */
const more: readonly (readonly [string, OrderState])[] = [
  ['paid elsewhere', after([[0, say.place]], elsewhere)],
  ['paid elsewhere, on the road', after([[0, say.place], ...onTheRoad], elsewhere)],
  ['paid by phone', after(paid, byPhone)],
  ['paid by phone, preparing', after([...paid, ...preparing], byPhone)],
  ['paid by phone, on the road', after([...paid, ...onTheRoad], byPhone)],
  ['to be renewed', after(held, { ...facts, policy: renewing })],
  ['to be renewed, preparing', after([...held, ...preparing], { ...facts, policy: renewing })],
];

const pairs = [...situations, ...more].flatMap(pairsIn);
/** A renewal takes nothing: whatever ends the order meanwhile lets both holds go. */
const isContest = ({ first }: Pair): boolean =>
  !first.events.some(({ type }) => type === 'payment.renewing');

describe('two commands about money at one moment', () => {
  it('one moves it, the other is refused by a typed code or has nothing left to do', () => {
    figure(`${pairs.length} pairs in ${situations.size + more.length} situations`);
    const moving = pairs.filter((pair) => isContest(pair) && movesMoney(pair.second));
    expect(moving.map(({ name }) => name)).toEqual([]);
    const codes = new Set(pairs.flatMap(({ second }) => second.refusal?.code ?? []));
    expect([...codes].filter((code) => errorTable[code].status < 409)).toEqual([]);
    expect(codes).toContain('already_cancelled');
  });

  it('meets every way in which a command can move money', () => {
    const met = new Set(pairs.flatMap(({ first }) => first.events.map(({ type }) => type)));
    expect([...moves].filter((type) => !met.has(type))).toEqual([]);
  });
});
