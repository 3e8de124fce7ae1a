// What a mobile-money operator knows: requests for money that a phone confirms or lets expire, and payouts. The last
// three digits of a number say what its owner does: 001 has too little money, 002 refuses, 404 is no account.
import type { JsonRequest, Lying } from '../provider/fake.ts';
import { newId } from '../provider/ids.ts';
import type { About } from '../provider/lies.ts';
import { openKept } from '../provider/kept.ts';

export type Entry = {
  readonly id: string;
  readonly kind: 'collect' | 'payout';
  readonly reference: string;
  readonly amount: string;
  readonly currency: string;
  readonly phone: string;
  readonly status: 'pending' | 'successful' | 'failed';
  readonly reason: 'none' | 'insufficient_funds' | 'refused' | 'expired';
  readonly createdAt: number;
};

export type Book = ReturnType<typeof createBook>;

const EXPIRES_MS = 10 * 60_000;

type Asked = Pick<Entry, 'kind' | 'reference' | 'amount' | 'currency' | 'phone'>;

function whyNot({ phone }: Entry): Entry['reason'] {
  if (phone.endsWith('002')) return 'refused';
  return phone.endsWith('001') ? 'insufficient_funds' : 'none';
}

type BookOptions = {
  readonly file: string | undefined;
  readonly now: () => number;
  readonly onChange: (entry: Entry) => void;
};

export function createBook({ file, now, onChange }: BookOptions) {
  const kept = openKept<Entry>(file);
  const entries = kept.records;
  let lagMs = 0;

  function put(entry: Entry): Entry {
    kept.put(entry);
    if (entry.status !== 'pending') onChange(entry);
    return entry;
  }

  function expire(): void {
    for (const entry of entries.values())
      if (entry.status === 'pending' && now() - entry.createdAt >= EXPIRES_MS)
        put({ ...entry, status: 'failed', reason: 'expired' });
  }

  /** undefined: there is no such account. */
  function open(asked: Asked): Entry | undefined {
    if (asked.phone.endsWith('404')) return undefined;
    const paidOut = asked.kind === 'payout';
    return put({
      ...asked,
      id: newId(paidOut ? 'out' : 'txn'),
      status: paidOut ? 'successful' : 'pending',
      reason: 'none',
      createdAt: now(),
    });
  }

  /** The owner of the phone answers. False: there is nothing to answer. */
  function answer(id: string, yes = true): boolean {
    expire();
    const entry = entries.get(id);
    if (entry?.status !== 'pending') return false;
    const reason = yes ? whyNot(entry) : 'refused';
    put({ ...entry, status: reason === 'none' ? 'successful' : 'failed', reason });
    return true;
  }

  /** The operator takes a payout back that had arrived. False: there is none. */
  function takeBack(id: string): boolean {
    const entry = entries.get(id);
    if (entry?.kind !== 'payout' || entry.status !== 'successful') return false;
    put({ ...entry, status: 'failed', reason: 'refused' });
    return true;
  }

  return {
    open,
    answer,
    pretend: kept.pretend,
    takeBack,
    find: (id: string): Entry | undefined => {
      expire();
      return entries.get(id);
    },
    byReference: (reference: string): readonly Entry[] => {
      expire();
      const until = now() - lagMs;
      const isShown = (entry: Entry): boolean => entry.createdAt <= until;
      return [...entries.values()].filter((each) => each.reference === reference && isShown(each));
    },
    /** What was made a moment ago is not found by its reference yet. */
    lag: (byMs: number): void => {
      lagMs = byMs;
    },
    all: (): readonly Entry[] => [...entries.values()],
  };
}

/** The payment that a key of ours gives back of; undefined: none, or the key is a payout's. */
function paymentOf(entries: readonly Entry[], reference: string): About | undefined {
  const [orderId = '', step] = reference.split(':');
  const own = entries.find(
    (entry) =>
      entry.kind === 'collect' &&
      entry.status === 'successful' &&
      entry.reference.startsWith(`${orderId}:`),
  );
  return step === 'refund' && own ? { providerRef: own.id, orderId } : undefined;
}

/** It says that it has paid back, and has not. */
export const lyingOf = (
  { all, pretend }: Book,
  referenceOf: (body: JsonRequest['body']) => unknown,
): Lying => ({
  pretend,
  stepOf({ method, body }) {
    const reference = referenceOf(body);
    const of =
      method === 'POST' && typeof reference === 'string' ? paymentOf(all(), reference) : undefined;
    return of && { ...of, step: 'pay_back' };
  },
  failed: (reply) => reply,
});

export const aboutOf = ({ id, reference }: Entry): About => ({
  providerRef: id,
  orderId: reference.split(':')[0],
});
