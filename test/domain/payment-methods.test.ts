// How an order may be paid: tokens, and what a market offers.

import { describe, expect, it } from 'vitest';
import { marketProviders, methodsFor, parsePaymentMethod } from '../../domain/payment-methods.ts';

describe('a payment method', () => {
  it.each([
    ['pm_card_visa', 'stripe', 'pm_card_visa'],
    ['paypal', 'paypal', ''],
    ['campay:per_1', 'campay', 'per_1'],
    ['cash', 'cash', ''],
    ['external:till_7', 'external', 'till_7'],
  ])('%s is of %s', (token, provider, reference) => {
    expect(parsePaymentMethod(token)).toEqual({ provider, reference });
  });

  it.each([
    '',
    'stripe',
    'stripe:pm_1',
    'visa',
    '4242424242424242',
    'campay:+237670',
    'pm_',
    'cash:',
  ])('%j is none', (token) => {
    expect(parsePaymentMethod(token)).toBeUndefined();
  });
});

describe('a market', () => {
  const market = { providers: marketProviders, currency: 'XAF' };
  const order = { paidElsewhere: false, aheadMs: 0 };

  it('offers what fits its currency', () => {
    expect(methodsFor(market, order)).toEqual(['stripe', 'campay', 'noupay', 'cash', 'wallet']);
    expect(methodsFor({ ...market, currency: 'EUR' }, order)).toContain('paypal');
    expect(methodsFor({ ...market, currency: 'EUR' }, order)).not.toContain('campay');
  });

  it('takes no hold that the payer must confirm for what is delivered days later', () => {
    const inEuros = { ...market, currency: 'EUR' };
    const later = methodsFor(inEuros, { ...order, aheadMs: 61 * 3_600_000 });
    expect(later).toEqual(['stripe', 'cash', 'wallet']);
  });

  it('takes no money for what was paid elsewhere', () => {
    expect(methodsFor(market, { ...order, paidElsewhere: true })).toEqual(['external']);
  });
});
