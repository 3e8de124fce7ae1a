// What becomes of the lies of a day, judged on made-up findings.

import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../scripts/audit/checks.ts';
import { describeLies, isSound, judgeLies, type ToldLie } from '../../scripts/start/lies.ts';

const lie: ToldLie = {
  provider: 'stripe',
  kind: 'says_captured',
  providerRef: 'pi_1',
  orderId: 'ord_1',
};
const report = {
  kind: 'reconcile_captured_here_unknown_there',
  providerRef: 'pi_1',
  orderId: 'ord_1',
  isOpen: true,
};

const breaching = (order: string, id = 'ledger-in-books'): readonly Verdict[] => {
  const breaches = [{ order, expected: 'x', actual: 'y' }];
  const check = { id, item: 3, says: '', run: () => ({ counted: 1, breaches }) };
  return [{ check, finding: { counted: 1, breaches } }];
};

describe('the lies of a day', () => {
  it('are put right when nothing is wrong in the end, with or without a report that is closed', () => {
    for (const reported of [[], [{ ...report, isOpen: false }]]) {
      const judged = judgeLies({ lies: [lie], reported, verdicts: [] });
      expect(judged.lies).toMatchObject([{ became: 'put right' }]);
      expect(isSound(judged)).toBe(true);
    }
  });

  it('are reported when an open incident names the payment, whose breaches are expected then', () => {
    const verdicts = breaching('ord_1');
    const judged = judgeLies({ lies: [lie], reported: [report], verdicts });
    expect(judged).toMatchObject({ lies: [{ became: 'reported' }], invented: [], breaches: 0 });
    expect(isSound(judged)).toBe(true);
  });

  it.each([
    ['nobody was told', { lies: [lie], reported: [], verdicts: breaching('ord_1') }],
    [
      'what there was is closed',
      { lies: [lie], reported: [{ ...report, isOpen: false }], verdicts: breaching('pi_1') },
    ],
  ])('are missed when the books differ and %s', (_, evidence) => {
    const judged = judgeLies(evidence);
    expect(judged.lies).toMatchObject([{ became: 'missed' }]);
    expect(isSound(judged)).toBe(false);
  });

  it.each([
    ['a report of a payment that nobody lied about', { reported: [report], verdicts: [] }],
    ['a difference in the books that nobody made', { reported: [], verdicts: breaching('ord_2') }],
    [
      'a lie that is reported, and another rule that is broken',
      { reported: [], verdicts: breaching('ord_1', 'ledger-balanced') },
    ],
  ])('excuse not %s', (_, evidence) => {
    const lies = evidence.reported.length > 0 ? [] : [lie];
    expect(isSound(judgeLies({ lies, ...evidence }))).toBe(false);
  });

  it('are told one by one', () => {
    const [first, second] = describeLies(
      judgeLies({ lies: [lie], reported: [report], verdicts: [] }),
    );
    expect(first).toBe(
      '1 lies: 0 put right, 1 reported, 0 missed; 0 reports of what nobody lied about, 0 other breaches',
    );
    expect(second).toContain('reported   stripe says_captured ord_1 pi_1  reconcile_captured');
  });
});
