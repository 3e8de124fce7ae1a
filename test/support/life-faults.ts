// What goes wrong outside: a provider that carries out and says nothing, refuses, or is away, planned for one call of one
// life; and the weather of all providers' webhooks: lost, late, three times, the last first. Called by life.ts.

import { setTimeout as delay } from 'node:timers/promises';
import { POST_FAULTS, type FaultKind } from '../../sandbox/provider/faults.ts';
import type { Random } from '../../sandbox/city/random.ts';
import type { Way } from './life-town.ts';
import type { Stack } from './stack.ts';

type Name = 'stripe' | 'paypal' | 'campay' | 'noupay';
type Spot = { readonly provider: Name; readonly path: string };

const spotsOf: Readonly<Record<Name, readonly [string, ...string[]]>> = {
  stripe: ['/v1/payment_intents', '/capture', '/capture', '/cancel', '/v1/refunds'],
  paypal: ['/v2/checkout/orders', '/authorize', '/capture', '/void', '/refund'],
  campay: ['/api/collect/', '/api/withdraw/'],
  noupay: ['/v1/payments', '/v1/payouts'],
};

/** Cash and what is paid elsewhere have tips and refunds by nobody else's hands. */
const askedFor = (way: Way): Name =>
  way === 'paypal' || way === 'campay' || way === 'noupay' ? way : 'stripe';

/** Reading is disturbed too. */
const getFaults = ['timeout', '503', '429', 'drop_connection'] as const;
const captureFaults = ['hold_expired', 'declined'] as const;

const providersOf = ({ stripe: { control }, providers }: Stack) => {
  if (!providers) throw new Error('the stack has cards alone');
  return { stripe: control, ...providers };
};

/** What never reached mobile money is believed lost only after five minutes: seldom. */
const executed = ['execute_then_timeout', 'execute_then_500', 'execute_then_drop'] as const;

function kindFor({ provider, path }: Spot, random: Random): FaultKind {
  const isPhone = provider === 'campay' || provider === 'noupay';
  if (isPhone && random.chance(0.75)) return random.pick(executed);
  const isCapture = provider === 'stripe' && path === '/capture';
  return isCapture && random.chance(0.15) ? random.pick(captureFaults) : random.pick(POST_FAULTS);
}

type Planning = {
  readonly way: Way;
  readonly random: Random;
  /** Undefined before the placing: then it meets whoever asks next. */
  readonly orderId: string | undefined;
};

/** In words. */
export function planFault(stack: Stack, { way, random, orderId }: Planning): string {
  const provider = askedFor(way);
  const path = orderId === undefined ? spotsOf[provider][0] : random.pick(spotsOf[provider]);
  const reads = random.chance(0.15);
  const kind = reads ? random.pick(getFaults) : kindFor({ provider, path }, random);
  const times = random.chance(0.25) ? 2 : 1;
  const names = provider === 'stripe' && orderId !== undefined && !reads ? { orderId } : {};
  const match = reads ? { method: 'GET' as const } : { method: 'POST' as const, path, ...names };
  providersOf(stack)[provider].addFault({ match, kind, times });
  return `${provider} ${reads ? 'GET' : path}: ${kind}${times > 1 ? ' twice' : ''}`;
}

/** How often each kind of fault has happened. */
export function faultsMet(stack: Stack): ReadonlyMap<string, number> {
  const met = new Map<string, number>();
  for (const [provider, { listFaults }] of Object.entries(listsOf(stack)))
    for (const { kind, times = 1, left } of listFaults())
      if (times > left)
        met.set(`${provider} ${kind}`, (met.get(`${provider} ${kind}`) ?? 0) + times - left);
  return met;
}

function listsOf(stack: Stack) {
  const { stripe, paypal, campay, noupay } = providersOf(stack);
  return { stripe, paypal, campay, noupay };
}

const skies = ['clear', 'clear', 'clear', 'three times', 'last first', 'late', 'lost'] as const;
type Sky = (typeof skies)[number];
const others = ['paypal', 'campay', 'noupay'] as const;

/** Clear again when it is stopped. */
export function startWeather(stack: Stack, random: Random) {
  const over = new AbortController();
  const seen = new Map<string, number>();
  const before = new Map<Name, Sky>();
  async function change(pick: () => Sky): Promise<void> {
    for (const name of ['stripe', ...others] as const) {
      const sky = pick();
      if (sky !== 'clear') seen.set(sky, (seen.get(sky) ?? 0) + 1);
      if (name === 'stripe') overStripe(stack, sky);
      else await overOther(stack, { name, sky, before: before.get(name) });
      before.set(name, sky);
    }
  }
  async function blow(): Promise<void> {
    while (!over.signal.aborted) {
      await change(() => random.pick(skies));
      const { signal } = over;
      await delay(random.between(1_500, 5_000), undefined, { signal }).catch(() => undefined);
    }
    await change(() => 'clear');
  }
  const blowing = blow();
  return {
    /** How often the news of a provider met each. */
    seen: (): ReadonlyMap<string, number> => seen,
    stop: async (): Promise<void> => {
      over.abort();
      await blowing;
    },
  };
}

const overStripe = ({ apiUrl, stripe: { control } }: Stack, sky: Sky): void =>
  control.setWebhooks({
    url: sky === 'lost' ? undefined : `${apiUrl}/v1/webhooks/stripe`,
    copies: sky === 'three times' ? 3 : 1,
    reorder: sky === 'last first' ? 3 : 1,
    delayMs: sky === 'late' ? 4_000 : 0,
  });

type Changing = {
  readonly name: (typeof others)[number];
  readonly sky: Sky;
  readonly before: Sky | undefined;
};

/** What is held goes out with the next change; what was lost comes very late, if ever. */
async function overOther(stack: Stack, { name, sky, before }: Changing): Promise<void> {
  const { notices } = providersOf(stack)[name];
  if (before === 'late') await notices.release();
  if (before === 'last first') await notices.release('reversed');
  const held = sky === 'late' || sky === 'last first' || sky === 'lost';
  notices.set({ held, copies: sky === 'three times' ? 3 : 1 });
}
