// What is asked of Stripe is valid by Stripe's own OpenAPI document, and what the fake answers has its shapes.

import { beforeAll, describe, expect, it } from 'vitest';
import { everyStripeCall } from '../support/stripe-calls.ts';
import {
  createStripeContract,
  extract,
  violationsOf,
  type StripeCall,
} from '../support/stripe-contract.ts';

let calls: readonly StripeCall[];
beforeAll(async () => {
  calls = await everyStripeCall();
});

describe(`by the document of ${extract.version}`, () => {
  it('every request and every answer is valid, and every operation of the document was tried', () => {
    const contract = createStripeContract();
    for (const call of calls) contract.see(call);
    expect(contract.violations()).toEqual([]);
    expect(contract.operations().toSorted()).toEqual(Object.keys(extract.operations).toSorted());
  });

  const create = 'amount=100&currency=eur';
  it.each([
    ['an unknown parameter', `${create}&payment_methods=card`, 'payment_methods'],
    ['an unknown field within one', `${create}&metadata[a][b]=1`, '/metadata'],
    ['a number that is none', 'amount=ten&currency=eur', '/amount'],
    ['a word that is not among those that are known', `${create}&capture_method=later`, 'manual'],
    ['a truth that is none', `${create}&confirm=perhaps`, '/confirm'],
    ['a list that is none', `${create}&expand=latest_charge`, '/expand'],
    ['a missing parameter', 'currency=eur', 'amount'],
  ])('sees %s', (_, sent, named) => {
    const call = { method: 'POST', path: '/v1/payment_intents', sent, answer: undefined };
    expect(violationsOf({ ...call, sent: create })).toEqual([]);
    expect(violationsOf(call).join()).toContain(named);
  });

  it('sees a field of the evidence that Stripe does not know', () => {
    const call = { method: 'POST', path: '/v1/disputes/dp_1', answer: undefined };
    expect(violationsOf({ ...call, sent: 'evidence[uncategorized_text]=x' })).toEqual([]);
    expect(violationsOf({ ...call, sent: 'evidence[text]=x' }).join()).toContain('text');
  });

  it('sees an operation that is not one', () => {
    const call = {
      method: 'POST',
      path: '/v1/payment_intents/pi_1/take',
      sent: '',
      answer: undefined,
    };
    expect(violationsOf(call)).toEqual([
      'POST /v1/payment_intents/pi_1/take is no operation that is used',
    ]);
  });

  it.each([
    ['an answer with a field that Stripe does not have', { paid_by: 'card' }, 'paid_by'],
    ['one of another type', { amount: '2350' }, '/amount'],
    ['a status that there is not', { status: 'held' }, '/status'],
    ['one within another', { last_payment_error: { reason: 'x' } }, '/last_payment_error'],
  ])('sees %s', (_, change, named) => {
    const call = calls.find(({ method, path }) => method === 'GET' && path.includes('/pi_'));
    if (!call?.answer) throw new Error('no such call');
    const body = { ...(JSON.parse(call.answer.body) as object), ...change };
    const answer = { status: 200, body: JSON.stringify(body) };
    expect(violationsOf({ ...call, answer }).join()).toContain(named);
  });
});
