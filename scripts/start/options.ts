// The command line of `npm start`. A bad option is refused with its name, its problem and the limit.

import { parseArgs } from 'node:util';
import { fates } from '../../sandbox/city/fates.ts';
import { cityCurrencies } from '../../sandbox/city/currency.ts';
import { methodsOfDay, type Methods } from '../../sandbox/city/generate.ts';
import { difficult, obliging, ordinary, type MoodRates } from '../../sandbox/city/moods.ts';

export const usage = `npm start [-- options]

Brings everything up, plays a day in a city of robots through the public API, audits it, and keeps
serving until Ctrl-C.
  --once                    plain lines, end after the report; exit code 0 only if the audit passes
  --instance DIR            play a day in the Meal Delivery Routing format instead of a generated one
  --from, --to TIME         only its orders placed from … until before … (minutes of the day or HH:MM)
  --speed S                 minutes of the city in a minute of yours (default 80; instances 60; with kills or
                            an outage 40: what a machine needs to come back is not scaled)
  --seed N                  another generated day, other moods (default 1)
  --orders N, --drivers N   size of the generated day (default 90 and 28)
  --moods none|default|all  how difficult people are (default: default; instances: none). all: in a generated
                            day everything that can happen to an order happens to one at least; --once then
                            fails if an end reason never occurred, or an order ended otherwise than planned
  --methods paypal|mobile_money|wallet|mixed  a generated day is also paid in cash, elsewhere and by these (default:
                            card alone). mixed: by all of them in dollars, with goods missing, tips, refunds
                            and disputes
  --currency XXX            a generated day in JPY, KWD, XAF, HUF, EUR or USD instead; who would pay by a provider that
                            does not take it pays by card
  --fault-rate R            share of the calls to providers that come to nothing, or are carried out without an
                            answer (default 0, at most 0.2)
  --lie-rate R              share of what providers say of money, and of their news, that is not true, late or lost
                            (default 0, at most 0.2): --once then fails if one was neither put right nor reported
  --kill-worker-every S     SIGKILL the worker every S seconds during the day
  --outage-s N              in the middle of the day the engine (Temporal and the worker) is away for N seconds;
                            --once then fails if anybody was punished for it
  --stripe-latency-ms MS    how long the provider takes to answer (default 50)
  --help`;

export type StartOptions = {
  readonly once: boolean;
  readonly instance: string | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly speed: number;
  readonly seed: number;
  readonly orders: number;
  readonly drivers: number;
  readonly moods: MoodRates;
  /** One order for everything that can happen to one. */
  readonly withFates: boolean;
  readonly methods: Methods | undefined;
  readonly currency: string | undefined;
  readonly killWorkerEveryS: number | undefined;
  readonly outageS: number | undefined;
  readonly stripeLatencyMs: number;
  readonly faultRate: number;
  readonly lieRate: number;
};

const moodsByName: Readonly<Record<string, MoodRates>> = {
  none: obliging,
  default: ordinary,
  all: difficult,
};

const flags = {
  once: { type: 'boolean', default: false },
  instance: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  speed: { type: 'string' },
  seed: { type: 'string' },
  orders: { type: 'string' },
  drivers: { type: 'string' },
  moods: { type: 'string' },
  methods: { type: 'string' },
  currency: { type: 'string' },
  'kill-worker-every': { type: 'string' },
  'outage-s': { type: 'string' },
  'stripe-latency-ms': { type: 'string' },
  'fault-rate': { type: 'string' },
  'lie-rate': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Undefined: the usage was asked for. Throws an error that names the option. */
export function readOptions(args: readonly string[]): StartOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: flags,
  });
  if (values.help) return undefined;
  const { instance } = values;
  if (instance === undefined && (values.from ?? values.to) !== undefined) {
    throw new Error('--from and --to cut an instance: give --instance DIR too');
  }
  const moods = values.moods ?? (instance === undefined ? 'default' : 'none');
  const withFates = instance === undefined && moods === 'all';
  const seconds = (name: 'kill-worker-every' | 'outage-s'): number | undefined =>
    values[name] === undefined
      ? undefined
      : numberOf({ name, text: values[name], fallback: 60, least: 5, most: 3_600 });
  const whole = (name: 'orders' | 'drivers' | 'seed', fallback: number, most: number): number =>
    numberOf({
      name,
      text: values[name],
      fallback,
      least: name === 'seed' ? 0 : 1,
      most,
      whole: true,
    });
  return {
    once: values.once,
    instance,
    from: timeOf('from', values.from),
    to: timeOf('to', values.to),
    speed: numberOf({
      name: 'speed',
      text: values.speed,
      fallback: usualSpeed(values),
      least: 0.1,
      most: 200,
    }),
    seed: whole('seed', 1, 2 ** 32 - 1),
    orders: withFates ? fatedOrders(whole('orders', 90, 5_000)) : whole('orders', 90, 5_000),
    drivers: whole('drivers', 28, 2_000),
    moods: moodsOf(moods),
    withFates,
    methods: methodsIn(values.methods),
    currency: currencyIn(values),
    killWorkerEveryS: seconds('kill-worker-every'),
    outageS: seconds('outage-s'),
    stripeLatencyMs: numberOf({
      name: 'stripe-latency-ms',
      text: values['stripe-latency-ms'],
      fallback: 50,
      least: 0,
      most: 60_000,
      whole: true,
    }),
    faultRate: rateOf('fault-rate', values['fault-rate']),
    lieRate: rateOf('lie-rate', values['lie-rate']),
  };
}

/** Processes need as long to come back however fast the city’s clock runs. */
function usualSpeed(values: {
  readonly instance?: string;
  readonly 'kill-worker-every'?: string;
  readonly 'outage-s'?: string;
}): number {
  if ((values['kill-worker-every'] ?? values['outage-s']) !== undefined) return 40;
  return values.instance === undefined ? 80 : 60;
}

function fatedOrders(orders: number): number {
  if (orders < fates.length)
    throw new Error(`--orders must be at least ${fates.length} with --moods all, not ${orders}`);
  return orders;
}

type NumberOption = {
  readonly name: string;
  readonly text: string | undefined;
  readonly fallback: number;
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
};

function numberOf({ name, text, fallback, least, most, whole = false }: NumberOption): number {
  if (text === undefined) return fallback;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const fits =
    Number.isFinite(value) &&
    value >= least &&
    value <= most &&
    (!whole || Number.isInteger(value));
  if (!fits)
    throw new Error(
      `--${name} must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}, not "${text}"`,
    );
  return value;
}

const rateOf = (name: string, text: string | undefined): number =>
  numberOf({ name, text, fallback: 0, least: 0, most: 0.2 });

/** Minutes of the day, from minutes or `HH:MM`. */
function timeOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const clock = /^(\d{1,2}):([0-5]\d)$/.exec(text);
  if (clock !== null) return Number(clock[1]) * 60 + Number(clock[2]);
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new Error(`--${name} must be minutes of the day or HH:MM, not "${text}"`);
}

function methodsIn(text: string | undefined): Methods | undefined {
  const methods = methodsOfDay.find((each) => each === text);
  if (text !== undefined && methods === undefined)
    throw new Error(`--methods must be ${methodsOfDay.join(' or ')}, not "${text}"`);
  return methods;
}

/** The operators of mobile money take francs alone. */
function currencyIn({
  currency,
  instance,
  methods,
}: {
  readonly currency?: string;
  readonly instance?: string;
  readonly methods?: string;
}): string | undefined {
  if (currency === undefined) return undefined;
  if (instance !== undefined || methods === 'mobile_money')
    throw new Error('--currency is for a generated day that is not paid by mobile money');
  if (!cityCurrencies.includes(currency))
    throw new Error(`--currency must be ${cityCurrencies.join(' or ')}, not "${currency}"`);
  return currency;
}

function moodsOf(text: string): MoodRates {
  const moods = moodsByName[text];
  if (moods === undefined) throw new Error(`--moods must be none, default or all, not "${text}"`);
  return moods;
}
