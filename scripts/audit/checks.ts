// The whole list, in the order of what must hold. Called by the audit, its self-check and `npm start`.

import { booksChecks } from './books-checks.ts';
import { clientChecks } from './client-checks.ts';
import type { AuditData, Check, Finding } from './data.ts';
import { disputeChecks } from './dispute-checks.ts';
import { ledgerChecks } from './ledger-checks.ts';
import { offerChecks } from './offer-checks.ts';
import { orderChecks } from './order-checks.ts';
import { partnerChecks } from './partner-checks.ts';
import { payoutChecks } from './payout-checks.ts';
import { settlementChecks } from './settlement-checks.ts';
import { walletChecks } from './wallet-checks.ts';

const noCanaryFound: Check = {
  id: 'no-personal-data',
  item: 8,
  says: 'no name, phone or address of the city’s people is in a history, log, metric or search attribute',
  run: ({ canaries }) => ({
    counted: canaries.searched,
    breaches: canaries.hits.map(({ source, token }) => ({
      order: source,
      expected: 'no personal data',
      actual: token,
    })),
  }),
};

export const checks: readonly Check[] = [
  ...ledgerChecks,
  ...settlementChecks,
  ...disputeChecks,
  ...walletChecks,
  ...orderChecks,
  ...booksChecks,
  ...partnerChecks,
  ...payoutChecks,
  ...clientChecks,
  ...offerChecks,
  noCanaryFound,
].toSorted((a, b) => a.item - b.item);

export type Verdict = { readonly check: Check; readonly finding: Finding };

export const runChecks = (data: AuditData): readonly Verdict[] =>
  checks.map((check) => ({ check, finding: check.run(data) }));

export const breachesIn = (verdicts: readonly Verdict[]): number =>
  verdicts.reduce((total, { finding }) => total + finding.breaches.length, 0);

const shown = 10;

/** One line per check with its count, and below it the breaches: order, expected, actual. */
export function describeVerdicts(verdicts: readonly Verdict[]): readonly string[] {
  return verdicts.flatMap(({ check, finding }) => {
    const { counted, breaches } = finding;
    const mark = breaches.length === 0 ? 'ok    ' : 'BREACH';
    const more = breaches.length > shown ? [`         … and ${breaches.length - shown} more`] : [];
    return [
      `${mark} ${check.item}. ${check.id.padEnd(24)} ${String(counted).padStart(6)}  ${check.says}${breaches.length === 0 ? '' : `: ${breaches.length} not`}`,
      ...breaches
        .slice(0, shown)
        .map(
          ({ order, expected, actual }) =>
            `         ${order}: expected ${expected}, actual ${actual}`,
        ),
      ...more,
    ];
  });
}
