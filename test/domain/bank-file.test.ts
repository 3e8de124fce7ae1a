// The file for the bank: what it adds up to, and what a name cannot do to it.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isIban, writeBankFile, type BankPayment } from '../../domain/bank-file.ts';
import { decimalOf, maxAmountMinor } from '../../domain/money.ts';

// ISO 13616’s registry of examples.
const ibans = [
  'DE89370400440532013000',
  'GB29NWBK60161331926819',
  'NO9386011117947',
  'HU42117730161111101800000000',
];

describe('an IBAN', () => {
  it.each(ibans)('%s has the right check digits, and no other last character has', (iban) => {
    expect(isIban(iban)).toBe(true);
    const others = Array.from('0123456789').filter((digit) => !iban.endsWith(digit));
    expect(others.map((digit) => isIban(iban.slice(0, -1) + digit))).not.toContain(true);
  });

  it.each(['', 'DE89', 'de89370400440532013000', 'DE89 3704 0044 0532 0130 00'])(
    '%j is none',
    (text) => {
      expect(isIban(text)).toBe(false);
    },
  );
});

describe('a bank file', () => {
  const debtor = { name: 'Platform GmbH', iban: 'DE89370400440532013000' };
  const payment = fc.record({
    reference: fc.stringMatching(/^[a-z0-9]{1,35}$/),
    amountMinor: fc.integer({ min: 1, max: maxAmountMinor }),
    name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 90 }),
    iban: fc.constantFrom(...ibans),
  });
  const write = (payments: readonly BankPayment[], currency = 'EUR'): string =>
    writeBankFile({ id: 'pfl1', sealedAt: Date.UTC(2026, 4, 4), currency, debtor, payments });

  it('holds every payment once, and the sum of all', () => {
    const currencies = fc.constantFrom('EUR', 'JPY', 'KWD', 'HUF');
    fc.assert(
      fc.property(
        fc.array(payment, { minLength: 1, maxLength: 20 }),
        currencies,
        (all, currency) => {
          const text = write(all, currency);
          const amounts = [...text.matchAll(/<InstdAmt Ccy="(\w+)">([\d.]+)</g)];
          expect(amounts.map(([, code, amount]) => [code, amount])).toEqual(
            all.map(({ amountMinor }) => [currency, decimalOf(amountMinor, currency)]),
          );
          const total = all.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
          expect(text).toContain(`<NbOfTxs>${all.length}</NbOfTxs>`);
          expect(text).toContain(`<CtrlSum>${decimalOf(total, currency)}</CtrlSum>`);
          expect(write(all, currency)).toBe(text);
        },
      ),
      { seed: 41, numRuns: 200 },
    );
  });

  it('stays what it is whatever somebody is called', () => {
    const name = '</Nm></Cdtr>&"\'\u0000<InstdAmt>';
    const text = write([{ reference: 'pay1', amountMinor: 5, name, iban: debtor.iban }]);
    expect(text).toContain('<Nm>&lt;/Nm&gt;&lt;/Cdtr&gt;&amp;&quot;&apos; &lt;InstdAmt&gt;</Nm>');
    const opened = [...text.matchAll(/<(\w+)[ >]/g)].map(([, tag]) => tag);
    const closed = [...text.matchAll(/<\/(\w+)>/g)].map(([, tag]) => tag);
    expect(
      new Map(opened.map((tag) => [tag, opened.filter((each) => each === tag).length])),
    ).toEqual(new Map(closed.map((tag) => [tag, closed.filter((each) => each === tag).length])));
  });
});
