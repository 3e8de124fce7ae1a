// A provider that does not tell the truth: it says that money was taken or given back and it was not, that it failed and
// it was done, or does it later than it says; its news come days late or never. What it told is kept, so that it can be
// held against it in the end.
import { appendFileSync } from 'node:fs';
import { createRandom } from './faults.ts';
import { linesIn } from './kept.ts';

export type LyingStep = 'authorize' | 'capture' | 'refund' | 'pay_back';

const kindsOf = {
  authorize: ['says_failed'],
  capture: ['says_captured', 'says_failed', 'captures_late'],
  refund: ['says_refunded', 'says_failed'],
  /** A refund by a payment of its own. */
  pay_back: ['says_refunded'],
  news: ['news_late', 'news_lost'],
} as const;
export type LieKind = (typeof kindsOf)[keyof typeof kindsOf][number];

/** What it was about, by the provider's and by our name. */
export type About = { readonly providerRef: string; readonly orderId: string | undefined };
export type Lie = About & { readonly kind: LieKind; readonly at: number };

export type LieOptions = {
  /** Share of the calls that move money, and of the news; 0: it is honest. */
  readonly rate: number;
  readonly seed: number;
  readonly now: () => number;
  /** What it told is known after a restart; undefined: it is not. */
  readonly file?: string | undefined;
};
export type Lies = ReturnType<typeof createLies>;

/** How long one that captures late takes for it. */
const lateMs = 15_000;

export function createLies({ rate, seed, now, file }: LieOptions) {
  // Not in step with the faults of the same seed.
  const random = createRandom(seed + 0x5eed);
  const told = linesIn(file).map((line) => JSON.parse(line) as Lie);
  let planned: readonly LieKind[] = [];
  const later = new Map<NodeJS.Timeout, () => void>();

  function pick<S extends keyof typeof kindsOf>(step: S): (typeof kindsOf)[S][number] | undefined {
    const kinds: readonly (typeof kindsOf)[S][number][] = kindsOf[step];
    const next = kinds.find((kind) => kind === planned[0]);
    if (next) planned = planned.slice(1);
    if (next || rate === 0 || random() >= rate) return next;
    return kinds[Math.floor(random() * kinds.length)];
  }

  /** Done after a while, or with all that is late; `never` unless it is asked for. */
  function postpone(work: () => void, when: 'soon' | 'never' = 'soon'): void {
    const timer = setTimeout(() => run(timer), when === 'soon' ? lateMs : 2 ** 31 - 1);
    timer.unref();
    later.set(timer, work);
  }

  function run(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    const work = later.get(timer);
    later.delete(timer);
    work?.();
  }

  return {
    pick,
    postpone,
    /** What it lies about next, one after the other, each as soon as it can. */
    plan: (...kinds: readonly LieKind[]): void => {
      planned = kinds;
    },
    tell: (kind: LieKind, about: About): void => {
      const lie = { kind, ...about, at: now() };
      told.push(lie);
      if (file !== undefined) appendFileSync(file, `${JSON.stringify(lie)}\n`);
    },
    told: (): readonly Lie[] => told,
    /** What is late is done now; from now on it is honest. */
    settle: (): void => {
      rate = 0;
      for (const timer of later.keys()) run(timer);
    },
  };
}
