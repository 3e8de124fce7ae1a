// Item 9: the audit checks itself. Each bug is planted into a copy (a transaction that is rolled back, or
// the loaded books) and the check that is meant to see it must report more breaches than without it.

import { checks } from './checks.ts';
import type { AuditData } from './data.ts';
import { loadChangedRows, type Opened } from './load.ts';
import { seededBugs, type SeededBug } from './seeded-bugs.ts';

export type SelfCheck = {
  readonly bug: SeededBug;
  readonly outcome: 'seen' | 'missed' | 'nothing to plant it on';
};

/** Leaves everything as it was. */
export async function selfCheck(opened: Opened, data: AuditData): Promise<readonly SelfCheck[]> {
  const outcomes: SelfCheck[] = [];
  for (const bug of seededBugs) {
    const planted = await plant(bug, { opened, data });
    outcomes.push({
      bug,
      outcome: planted === undefined ? 'nothing to plant it on' : judge(bug, { data, planted }),
    });
  }
  return outcomes;
}

async function plant(
  bug: SeededBug,
  { opened, data }: { readonly opened: Opened; readonly data: AuditData },
): Promise<AuditData | undefined> {
  if (bug.kind === 'books') return bug.change(data);
  const rows = await loadChangedRows(opened.db, bug.change);
  return rows === undefined ? undefined : { ...data, ...rows };
}

export function judge(
  bug: SeededBug,
  { data, planted }: { readonly data: AuditData; readonly planted: AuditData },
): 'seen' | 'missed' {
  const check = checks.find(({ id }) => id === bug.seenBy);
  if (check === undefined) throw new Error(`no check is called ${bug.seenBy}`);
  return check.run(planted).breaches.length > check.run(data).breaches.length ? 'seen' : 'missed';
}
