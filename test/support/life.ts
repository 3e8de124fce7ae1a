// One random life of an order on the real stack: who pays how, what people say to it and how often, what goes wrong, how
// long nobody says anything; then tips, refunds and disputes behind its end, until nothing of its money moves any more.
// All luck comes from the seed and the life's number; its diary says what happened.

import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, type Answer } from '../../sandbox/city/http.ts';
import type { ClientAction } from '../../sandbox/city/client-log.ts';
import { effectOf } from '../../scripts/audit/client-checks.ts';
import { createRandom, type Random } from '../../sandbox/city/random.ts';
import { undeliverables, substitutions } from '../../domain/order.ts';
import { worthOf, type Currency } from './currencies.ts';
import { planFault } from './life-faults.ts';
import { answerAsked, decideRemedy, disputeIt, finishMoney, isDone } from './life-money.ts';
import {
  freshKey,
  isPhone,
  newCustomer,
  placeOf,
  type Life,
  type Person,
  type Town,
  type Way,
} from './life-town.ts';
import {
  anyCommand,
  anyCompensation,
  anyRefund,
  anySupport,
  anyTip,
  cards,
  helpful,
  upTo,
  type Dice,
  type Saying,
  type Seen,
} from './life-words.ts';

export type Lived = {
  readonly n: number;
  readonly currency: Currency;
  readonly way: Way;
  /** Undefined: it was not placed. */
  readonly orderId: string | undefined;
  readonly diary: readonly string[];
  /** What should not be. */
  readonly trouble: string | undefined;
};

const mostTurns = 30;
/** Far beyond the bound of an order in these markets, and of what mobile money leaves unanswered. */
const endsWithinMs = 720_000;
const lookEveryMs = 700;

type Born = Pick<Life, 'seed' | 'n' | 'log'>;

/** Never rejects. */
export async function live(town: Town, { seed, n, log }: Born): Promise<Lived> {
  const startedAt = Date.now();
  const diary: string[] = [];
  const note = (line: string): void =>
    void diary.push(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${line}`);
  const { market, way } = placeOf(town, n);
  const { currency } = market;
  const lived = { n, currency, way, diary };
  const random = createRandom(seed).fork(`life ${n}`);
  let orderId: string | undefined;
  try {
    const customer = await newCustomer(town, market);
    const unborn = { n, seed, town, market, way, random, customer, note, log, orderId: '' };
    orderId = await place(unborn);
    if (orderId === undefined) return { ...lived, orderId, trouble: undefined };
    const life = { ...unborn, orderId };
    await liveOn(life);
    return { ...lived, orderId, trouble: await finishMoney(life) };
  } catch (error) {
    return { ...lived, orderId, trouble: error instanceof Error ? error.message : String(error) };
  }
}

async function liveOn(life: Life): Promise<void> {
  const { random } = life;
  for (let turns = 0; turns < mostTurns && !(await isOver(life)); turns += 1) {
    await turn(life);
    await delay(random.chance(0.1) ? random.between(1_000, 4_000) : random.between(20, 400));
  }
  const until = Date.now() + endsWithinMs;
  while (!(await isOver(life))) {
    if (Date.now() > until) throw new Error('the order did not come to its end');
    if (isPhone(life.way) && random.chance(0.05)) payerAnswers(life, '');
    await delay(lookEveryMs);
  }
  const acts = Math.floor(random.between(1, 7));
  for (let act = 0; act < acts; act += 1) {
    await actAfterwards(life);
    await delay(random.between(20, 1_500));
  }
}

const isOver = async ({ town, orderId }: Life): Promise<boolean> =>
  (
    await town.stack.db
      .selectFrom('orders')
      .select('is_over')
      .where('id', '=', orderId)
      .executeTakeFirst()
  )?.is_over === true;

async function diceOf(life: Life): Promise<Dice> {
  const { random, market, town, orderId } = life;
  const { body } = await town.client.call({
    method: 'GET',
    path: `/v1/orders/${orderId}`,
    secret: market.shop.merchantKey,
  });
  return { random, order: body as Seen, driverIds: [...market.drivers.keys()] };
}

async function turn(life: Life): Promise<void> {
  const { random, town, way, orderId, note } = life;
  const dice = await diceOf(life);
  const luck = random.next();
  if (luck < 0.08) return note(`fault: ${planFault(town.stack, { way, random, orderId })}`);
  if (luck < 0.56) {
    const { payment_status: status, payment_client_secret: secret = '' } = dice.order;
    if (status === 'requires_action') return payerAnswers(life, secret);
    const saying = helpful(dice);
    return saying && say(life, dice, saying);
  }
  if (luck < 0.75) return say(life, dice, anyCommand(dice));
  if (luck < 0.86) return say(life, dice, anySupport(dice));
  if (luck < 0.89) return say(life, dice, anyRefund(dice));
  if (luck < 0.92) return say(life, dice, anyTip(dice));
  const silenceMs = random.between(2_000, 13_000);
  note(`nobody says anything for ${Math.round(silenceMs / 1_000)} s`);
  await delay(silenceMs);
}

/** `secret`: what the payer’s app was given. */
function payerAnswers({ random, town, way, note, orderId }: Life, secret: string): void {
  const yes = random.chance(0.85);
  if (answerAsked(town.stack, { way, secret, orderId, yes }))
    note(`the payer says ${yes ? 'yes' : 'no'}`);
}

async function actAfterwards(life: Life): Promise<void> {
  const { random, town, way, note } = life;
  const dice = await diceOf(life);
  const luck = random.next();
  if (luck < 0.1) return note(`fault: ${planFault(town.stack, { ...life, way })}`);
  if (luck < 0.58) return say(life, dice, anyRefund(dice));
  if (luck < 0.74) return say(life, dice, anyTip(dice));
  if (luck < 0.8) return say(life, dice, anyCompensation(dice));
  if (luck < 0.84) return say(life, dice, anySupport(dice));
  if (luck < 0.88) return say(life, dice, anyCommand(dice));
  note((await disputeIt(life)) ?? 'nothing to dispute');
}

type Telling = { readonly saying: Saying; readonly secret: string; readonly key: string };

/** Once, or as impatient people and bad connections do: again with the same key, or with another one, at once or later. */
async function say(life: Life, dice: Dice, saying: Saying): Promise<void> {
  const { random } = life;
  const first = { saying, secret: secretOf(life, dice, saying.as), key: freshKey() };
  const luck = random.next();
  if (luck < 0.68) return void (await tell(life, first));
  if (luck < 0.78) return bothAt(life, [first, first]);
  if (luck < 0.88) return bothAt(life, [first, { ...first, key: freshKey() }]);
  if (luck < 0.93) {
    await tell(life, first);
    return void (await tell(life, first));
  }
  const other = anyCommand(dice);
  const secret = secretOf(life, dice, other.as);
  return bothAt(life, [first, { saying: other, secret, key: freshKey() }]);
}

async function bothAt(life: Life, both: readonly [Telling, Telling]): Promise<void> {
  const [one, other] = await Promise.all(both.map((each) => tell(life, each)));
  // Under way for the one, done for the other.
  const areDone = [one, other].every((answer) => (answer?.status ?? 0) < 300);
  if (both[0].key === both[1].key && one?.status !== other?.status && !areDone)
    throw new Error(`the same request was answered ${one?.status} and ${other?.status}`);
}

async function tell(life: Life, { saying, secret, key }: Telling): Promise<Answer> {
  const { town, note, orderId } = life;
  const { as, path, body } = saying;
  const isSupports = path.startsWith('actions/') || path === 'compensate';
  const answer = await town.client.call({
    method: 'POST',
    path: `/v1/${isSupports ? 'support/' : ''}orders/${orderId}/${path}`,
    secret,
    idempotencyKey: key,
    body,
  });
  const code = answer.status < 300 ? '' : ` ${codeOf(answer.body)}`;
  note(`${as}: ${path} ${JSON.stringify(body)} → ${answer.status}${code} [${key}]`);
  if (answer.status < 300) promised(life, { action: path.replace('actions/', ''), key, answer });
  const approval = (answer.body as { readonly approval_id?: string }).approval_id;
  if (approval !== undefined) await decideRemedy(life, approval);
  return answer;
}

/** The key of who says it; now and then of another driver than the order’s. */
function secretOf(
  { town, market, customer, random }: Life,
  { order, driverIds }: Dice,
  as: Person,
): string {
  switch (as) {
    case 'merchant':
      return market.shop.merchantKey;
    case 'customer':
      return customer.secret;
    case 'agent':
      return town.agent;
    case 'driver': {
      const own = random.chance(0.95) ? order.driver_id : undefined;
      return market.drivers.get(own ?? driverIds[upTo(random, driverIds.length) - 1] ?? '') ?? '';
    }
  }
}

type Promised = { readonly action: string; readonly key: string; readonly answer: Answer };

const isJudged = (action: string): action is ClientAction => Object.hasOwn(effectOf, action);

/** What the audit holds the system to; what waits for a second agent is no promise. */
function promised({ log, orderId }: Life, { action, key, answer: { status, body } }: Promised) {
  const waits = (body as { readonly outcome?: string }).outcome === 'awaits_approval';
  if (waits || !isJudged(action)) return;
  const at = new Date().toISOString();
  log.write({ kind: 'answer', at, action, status, orderId, idempotencyKey: key });
}

/** The order's id; undefined when the system takes none. */
async function place(life: Life): Promise<string | undefined> {
  const { town, market, way, random, note } = life;
  if (way === 'wallet' || way === 'split') await fillWallet(life);
  if (random.chance(0.35))
    note(`fault: ${planFault(town.stack, { way, random, orderId: undefined })}`);
  const key = freshKey();
  const body = market.shop.orderBody(orderOf(life));
  const ask = () =>
    town.client.call({
      method: 'POST',
      path: '/v1/orders',
      secret: market.shop.merchantKey,
      idempotencyKey: key,
      body,
    });
  const answers = await Promise.all(random.chance(0.2) ? [ask(), ask()] : [ask()]);
  const [answer] = answers;
  if (!answer) return undefined;
  const said = answer.body as { readonly id?: string };
  note(`placed ${JSON.stringify(body)} → ${answer.status} ${said.id ?? codeOf(answer.body)}`);
  const orderId = said.id ?? answer.location?.split('/').at(-1);
  if (answer.status >= 300 || orderId === undefined)
    throw new Error(`not placed: ${answer.status}`);
  promised({ ...life, orderId }, { action: 'place', key, answer });
  return orderId;
}

const oddly = (random: Random, minor: number): number =>
  minor + (random.chance(0.5) ? 0 : Math.floor(random.between(0, 97)));

function orderOf({ market, way, random, customer }: Life): object {
  const { currency, kind } = market;
  const amount = (euroCents: number): number => oddly(random, worthOf(euroCents, currency));
  const type = random.pick(['delivery', 'delivery', 'delivery', 'pickup', 'dine_in']);
  const restockable = random.chance(0.3);
  const prescription = kind === 'pharmacy' && random.chance(0.3);
  const aged = kind === 'store' && random.chance(0.2);
  const afterMs = random.between(45_000, 70_000);
  return {
    customer: { id: customer.id },
    type,
    ...(type !== 'delivery' && { dropoff: undefined }),
    ...(random.chance(0.08) && { scheduled_for: new Date(Date.now() + afterMs).toISOString() }),
    items: [
      {
        name: 'Noodles',
        quantity: upTo(random, 3),
        unit_price_minor: amount(950),
        restockable,
        ...(prescription && { prescription }),
        ...(aged && { age_restricted: true }),
      },
      ...(random.chance(0.5) ? [{ name: 'Tea', quantity: 1, unit_price_minor: amount(250) }] : []),
    ],
    currency,
    tip_minor: random.chance(0.6) ? amount(150) : 0,
    substitution: random.pick(substitutions),
    undeliverable_action: random.pick(undeliverables),
    payment: paymentOf(way, random),
  };
}

function paymentOf(way: Way, random: Random): object {
  const token = random.pick(cards);
  if (isPhone(way)) {
    const phone = `+23767000${random.pick(['0100', '0100', '0100', '0100', '0001', '0002'])}`;
    return { method: 'mobile_money', provider: way, phone };
  }
  return way === 'card' || way === 'split' ? { method: way, token } : { method: way };
}

/** With more than enough, or too little. */
async function fillWallet(life: Life): Promise<void> {
  const { town, market, way, random, customer, note } = life;
  const { currency } = market;
  const euroCents = way === 'split' || random.chance(0.15) ? 1_000 : 9_000;
  // What a card moves in every currency.
  const amountMinor = Math.ceil(worthOf(euroCents, currency) / 10) * 10;
  const path = `/v1/customers/${customer.id}/wallet/top-ups`;
  const answer = await town.client.call({
    method: 'POST',
    path,
    secret: customer.secret,
    idempotencyKey: freshKey(),
    body: {
      currency,
      amount_minor: amountMinor,
      token: random.chance(0.9) ? cards[0] : random.pick(cards),
    },
  });
  note(
    `top-up of ${amountMinor} → ${answer.status} ${answer.status < 300 ? '' : codeOf(answer.body)}`,
  );
  for (
    let look = 0;
    look < 40 && !(await isDone(town.stack, { customerId: customer.id }));
    look += 1
  )
    await delay(300);
}
