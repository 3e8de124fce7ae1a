// One provider with its fake over HTTP, our ports to it, a clock, and the way its webhooks take: in by HTTP as the API
// takes them, then what the housekeeping makes of them.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deliverWebhooks } from '../../activities/maintain.ts';
import { createMoneyUpkeep } from '../../activities/money-upkeep.ts';
import type { Incoming, PaymentPort } from '../../adapters/payment-port.ts';
import { createReceiveWebhook } from '../../api/actions/receive-webhook.ts';
import { createLog } from '../../log.ts';
import type { Market } from '../db/market.ts';
import { openOrder, type Loop } from './order-loop.ts';
import { startRig, type Clock, type RigName } from './payment-rigs.ts';
import { quietMoney } from './quiet-money.ts';
import type { OrderFacts } from '../../domain/order.ts';

const log = createLog({ name: 'test', level: 'silent' });
const dayMs = 86_400_000;

export type Stage = Awaited<ReturnType<typeof openStage>>;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** `heard`: what became of each webhook that has come. */
async function startReceiver(heard: string[], receive: (incoming: Incoming) => Promise<void>) {
  const server = createServer((request, response) => {
    const headers = request.headers as Incoming['headers'];
    bodyOf(request)
      .then((rawBody) => receive({ rawBody, headers }))
      .then(
        () => response.end('{}', () => heard.push('taken')),
        (error: unknown) =>
          response.writeHead(500).end(String(error), () => heard.push(String(error))),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export async function openStage({
  market,
  provider,
}: {
  readonly market: Market;
  readonly provider: RigName;
}) {
  const { db } = market;
  // Whatever a test lets pass is past for the housekeeping, which goes by the wall clock.
  const clock: Clock = { now: Date.now() - 10 * dayMs };
  const loops: Loop[] = [];
  const remote = provider === 'split' ? 'stripe' : provider;
  const heard: string[] = [];
  const receiver = await startReceiver(heard, (incoming) =>
    receive({ provider: remote as 'stripe', incoming }),
  );
  const rig = await startRig(provider, { db, clock, webhookUrl: receiver.url });
  const ports: Readonly<Record<string, PaymentPort>> = { ...rig.halves, [provider]: rig.port };
  const portOf = (name: string): PaymentPort => {
    const port = ports[name];
    if (!port) throw new Error(`${name} does not play here`);
    return port;
  };
  const engine = {
    paymentSettled: async ({ orderId, providerRef }: { orderId: string; providerRef: string }) =>
      void loops.find((loop) => loop.orderId === orderId)?.news.push(providerRef),
    partnerDeliveryChanged: async () => undefined,
  };
  const receive = createReceiveWebhook({ db, engine, ports: { [remote]: portOf(remote) }, log });
  const upkeep = createMoneyUpkeep({
    db,
    engine,
    portOf,
    money: quietMoney,
    accounts: { isVerified: async () => true },
    log,
  });

  return {
    market,
    provider,
    clock,
    rig,
    portOf,
    /** What became of each webhook that has come. */
    heard,
    async openOrder(facts: Partial<OrderFacts> = {}): Promise<Loop> {
      const { currency, method: paymentMethod } = rig;
      const own = { currency, paymentMethod, method: methods[provider], ...facts };
      const loop = await openOrder({ market, clock, portOf, facts: own });
      loops.push(loop);
      return loop;
    },
    /** The news that were sent are taken, and the housekeeping has looked. */
    async hear(): Promise<void> {
      await rig.news?.settled();
      await deliverWebhooks({ db, engine });
      for (const part of upkeep) await part();
    },
    async close(): Promise<void> {
      await rig.close();
      await receiver.close();
    },
  };
}

const methods = {
  stripe: 'card',
  paypal: 'paypal',
  campay: 'mobile_money',
  noupay: 'mobile_money',
  wallet: 'wallet',
  split: 'split',
} as const satisfies Readonly<Record<RigName, OrderFacts['method']>>;
