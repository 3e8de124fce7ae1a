// What became of the lies that the providers told: each was put right, or a person was told of it by an incident that names
// the payment; none was missed, and nothing was reported that nobody had lied about. Called by `npm start`.

import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from '../../db/connect.ts';
import { moneyWebhooks } from '../../db/money-webhooks.ts';
import type { LieKind } from '../../sandbox/provider/lies.ts';
import type { Verdict } from '../audit/checks.ts';

export type ToldLie = {
  readonly provider: string;
  readonly kind: LieKind;
  readonly providerRef: string;
  readonly orderId?: string | undefined;
};

type Liars = { readonly stripeApiBase: string; readonly payersUrl: string };

export async function liesOf({ stripeApiBase, payersUrl }: Liars): Promise<readonly ToldLie[]> {
  const [cards, others] = await Promise.all(
    [`${stripeApiBase}/sandbox/lies`, payersUrl].map(async (url) => {
      const { data } = (await (await fetch(url)).json()) as { readonly data: readonly ToldLie[] };
      return data;
    }),
  );
  return [...(cards ?? []).map((lie) => ({ ...lie, provider: 'stripe' })), ...(others ?? [])];
}

/** What is late comes now; from now on they are honest. */
export async function makeHonest({ stripeApiBase, payersUrl }: Liars): Promise<void> {
  for (const url of [`${stripeApiBase}/sandbox/lies/settle`, `${payersUrl}/lies/settle`])
    await fetch(url, { method: 'POST', body: '{}' });
}

const settlesWithinMs = 90_000;

/** Until no refund, tip or news of money is on its way any more. False: some still is. */
export async function moneyRests(db: Db): Promise<boolean> {
  const until = Date.now() + settlesWithinMs;
  for (;;) {
    const [refunds, tips, news] = await Promise.all([
      db.selectFrom('refunds').select('id').where('finished_at', 'is', null).execute(),
      db.selectFrom('tips').select('n').where('finished_at', 'is', null).execute(),
      moneyWebhooks(db),
    ]);
    if (refunds.length + tips.length + news.length === 0) return true;
    if (Date.now() > until) return false;
    await delay(500);
  }
}

export type Reported = {
  readonly kind: string;
  readonly orderId: string | null;
  readonly providerRef: string;
  readonly isOpen: boolean;
};

/** What comparisons with the providers' books have found. */
export async function reportedIn(db: Db): Promise<readonly Reported[]> {
  const rows = await db
    .selectFrom('incidents')
    .select(['kind', 'order_id as orderId', 'detail', 'resolved_at'])
    .where('kind', 'like', 'reconcile\\_%')
    .execute();
  return rows.map(({ kind, orderId, detail, resolved_at: resolvedAt }) => {
    const { providerRef } = detail as { readonly providerRef: string };
    return { kind, orderId, providerRef, isOpen: resolvedAt === null };
  });
}

/** Of these checks a breach is what a lie that could not be put right looks like. */
const booksChecks: ReadonlySet<string> = new Set([
  'no-hold-left',
  'books-in-ledger',
  'ledger-in-books',
  'objects-in-ledger',
  'ledger-in-objects',
]);

export type Judged = ToldLie & {
  readonly became: 'put right' | 'reported' | 'missed';
  readonly incidents: readonly string[];
};
export type Judgement = {
  readonly lies: readonly Judged[];
  /** Reported, and nobody had lied about it. */
  readonly invented: readonly Reported[];
  /** Of the audit, beyond what is reported. */
  readonly breaches: number;
};

type Evidence = {
  readonly lies: readonly ToldLie[];
  readonly reported: readonly Reported[];
  readonly verdicts: readonly Verdict[];
};

export function judgeLies({ lies, reported, verdicts }: Evidence): Judgement {
  const found = verdicts.flatMap(({ check, finding }) =>
    finding.breaches.map(({ order }) => ({ order, isOfBooks: booksChecks.has(check.id) })),
  );
  const judged = lies.map((lie): Judged => {
    const about = reported.filter(
      ({ providerRef, orderId }) =>
        providerRef === lie.providerRef || (orderId !== null && orderId === lie.orderId),
    );
    const isWrong = found.some(({ order }) => order === lie.orderId || order === lie.providerRef);
    const open = about.some(({ isOpen }) => isOpen);
    const became = isWrong || open ? (open ? 'reported' : 'missed') : 'put right';
    return { ...lie, became, incidents: about.map(({ kind }) => kind) };
  });
  const liedAbout = new Set(
    lies.flatMap(({ providerRef, orderId = '' }) => [providerRef, orderId]),
  );
  const known = new Set(
    judged.flatMap(({ became, orderId = '', providerRef }) =>
      became === 'reported' ? [orderId, providerRef] : [],
    ),
  );
  return {
    lies: judged,
    invented: reported.filter(
      ({ providerRef, orderId }) => !liedAbout.has(providerRef) && !liedAbout.has(orderId ?? ''),
    ),
    breaches: found.filter(({ order, isOfBooks }) => !isOfBooks || !known.has(order)).length,
  };
}

export const isSound = ({ lies, invented, breaches }: Judgement): boolean =>
  breaches === 0 && invented.length === 0 && lies.every(({ became }) => became !== 'missed');

export function describeLies({ lies, invented, breaches }: Judgement): readonly string[] {
  const count = (became: Judged['became']): number =>
    lies.filter((lie) => lie.became === became).length;
  return [
    `${lies.length} lies: ${count('put right')} put right, ${count('reported')} reported, ${count('missed')} missed; ` +
      `${invented.length} reports of what nobody lied about, ${breaches} other breaches`,
    ...lies.map(
      ({ provider, kind, orderId, providerRef, became, incidents }) =>
        `  ${became.padEnd(9)}  ${provider} ${kind.padEnd(13)} ${orderId ?? '-'} ${providerRef}  ${incidents.join(' ')}`,
    ),
    ...invented.map(
      ({ kind, orderId, providerRef }) => `  invented   ${kind} ${orderId ?? '-'} ${providerRef}`,
    ),
  ];
}
