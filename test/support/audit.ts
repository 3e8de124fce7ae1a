// The audit over everything that a stack has done in a test.

import { inject } from 'vitest';
import { partnerFleetOf, providersOf } from '../../config.ts';
import {
  breachesIn,
  describeVerdicts,
  runChecks,
  type Verdict,
} from '../../scripts/audit/checks.ts';
import { loadAll, openSources } from '../../scripts/audit/load.ts';
import type { Stack } from './stack.ts';

type Audited = { readonly verdicts: readonly Verdict[]; readonly breaches: number };

/** Prints the verdicts when there is a breach. Without histories; `clientLogs`: files of what clients were told. */
export async function auditOf(stack: Stack, clientLogs: readonly string[] = []): Promise<Audited> {
  const opened = await openSources({
    databaseUrl: stack.databaseUrl,
    temporalAddress: inject('temporalAddress'),
    temporalNamespace: stack.namespace,
    stripeApiBase: stack.stripe.url,
    stripeSecretKey: 'sk_test_waybill',
    providers: providersOf(stack.environment),
    partnerFleet: partnerFleetOf(stack.environment),
    clientLogs,
    logFolders: [],
    metricsUrls: [],
    historySample: 0,
  });
  try {
    const verdicts = runChecks(await loadAll(opened));
    const breaches = breachesIn(verdicts);
    if (breaches > 0) console.log(describeVerdicts(verdicts).join('\n'));
    return { verdicts, breaches };
  } finally {
    await opened.close();
  }
}
