// How an order may be paid: tokens, and what a market offers.

import { describe, expect, it } from 'vitest';
import { methodsFor, parsePaymentMethod, providerNames } from '../../domain/payment-methods.ts';

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
  const market = { providers: providerNames, currency: 'XAF', cashLimitMinor: 20_000 };
  const order = { totalMinor: 20_000, paidElsewhere: false };

  it('offers what fits its currency, and cash up to what a driver may carry', () => {
    expect(methodsFor(market, order)).toEqual([
      'stripe',
      'paypal',
      'campay',
      'noupay',
      'cash',
      'wallet',
    ]);
    expect(methodsFor(market, { ...order, totalMinor: 20_001 })).not.toContain('cash');
    expect(methodsFor({ ...market, currency: 'EUR' }, order)).not.toContain('campay');
  });

  it('takes no money for what was paid elsewhere', () => {
    expect(methodsFor(market, { ...order, paidElsewhere: true })).toEqual(['external']);
  });
});
