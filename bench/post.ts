// R3: POST /v1/orders ÷ a bare Fastify with one insert. A POST is answered only when its order is durable in the
// engine and recorded, so this says what that promise costs; it has no gate.

import { pickPorts } from '../scripts/local/ports.ts';
import { foundTown, orderBody, type Merchant } from './api-town.ts';
import { startChild, type Child } from './children.ts';
import { createHttp, type Http } from './http.ts';
import { figure, table, type Say, type Section } from './report.ts';
import { startApi, startWorker, withStack, type Stack } from './stack.ts';
import { median, spreadOf } from './statistics.ts';
import { runWindow } from './windows.ts';

export type PostWish = {
  readonly say: Say;
  readonly seconds: number;
  readonly pairs: number;
  readonly lanes: number;
};

const leadMs = 1_000;
/** Nobody accepts these orders: their merchants shall not be reminded while others are measured. */
const patience = { remindMerchantMs: 7_200_000, expireMs: 14_400_000 };

export const measurePost = (wish: PostWish): Promise<Section> =>
  withStack({ say: wish.say, stripeLatencyMs: 0 }, async (stack) => {
    const { api: port = 0 } = await pickPorts(['api'], {});
    const [worker, api, bareApi] = await Promise.all([
      startWorker(stack),
      startApi(stack),
      startBareApi(stack, port),
    ]);
    const [ours, bare] = [createHttp(stack.apiUrl), createHttp(`http://127.0.0.1:${port}`)];
    try {
      const { merchants } = await foundTown(ours, {
        merchants: wish.lanes,
        drivers: 0,
        policy: patience,
      });
      return await alternate(wish, { merchants, ours, bare });
    } finally {
      for (const http of [ours, bare]) http.close();
      await Promise.all([worker.stop(), api.stop(), bareApi.stop()]);
    }
  });

const startBareApi = ({ services, env }: Stack, port: number): Promise<Child> =>
  startChild(services, {
    name: 'bare-api',
    script: 'bench/bare-api.ts',
    env: { ...env, PORT: String(port) },
    isReady: (output) => output.includes('the bare API listens'),
  });

type Duel = { readonly merchants: readonly Merchant[]; readonly ours: Http; readonly bare: Http };

async function alternate(
  { say, seconds, pairs }: PostWish,
  { merchants, ours, bare }: Duel,
): Promise<Section> {
  const times = { ours: [] as number[], bare: [] as number[] };
  const measure = async (name: 'ours' | 'bare', openMs: number): Promise<number> => {
    const http = name === 'ours' ? ours : bare;
    const work = async (merchant: Merchant): Promise<void> => {
      const start = performance.now();
      await http.demand({ path: '/v1/orders', secret: merchant.secret, body: orderBody(merchant) });
      times[name].push(performance.now() - start);
    };
    return (await runWindow({ lanes: merchants, leadMs, openMs, work })).perSecond;
  };
  say('post: warming both sides up');
  for (const name of ['ours', 'bare'] as const) await measure(name, 3_000);
  times.ours.length = times.bare.length = 0;
  const windows: { readonly ours: number; readonly bare: number }[] = [];
  for (let pair = 1; pair <= pairs; pair++) {
    windows.push({
      ours: await measure('ours', seconds * 1_000),
      bare: await measure('bare', seconds * 1_000),
    });
    const last = windows.at(-1);
    say(
      `post: window ${pair} of ${pairs}: ${figure(last?.ours ?? 0)}/s, bare ${figure(last?.bare ?? 0, 0)}/s`,
    );
  }
  return sectionOf(windows, times);
}

type Windows = readonly { readonly ours: number; readonly bare: number }[];

function sectionOf(
  windows: Windows,
  times: { readonly ours: readonly number[]; readonly bare: readonly number[] },
): Section {
  const ratios = windows.map(({ ours, bare }) => ours / bare);
  const spread = { ours: spreadOf(times.ours), bare: spreadOf(times.bare) };
  const milliseconds = ({ p50, p99 }: typeof spread.ours): string =>
    `p50 ${figure(p50, 1)} ms, p99 ${figure(p99, 1)} ms`;
  return {
    mode: 'post',
    lines: [
      ...table([
        ['window', 'ours /s', 'bare /s', 'ratio'],
        ...windows.map(({ ours, bare }, i) => [
          String(i + 1),
          figure(ours),
          figure(bare, 0),
          figure(ours / bare, 4),
        ]),
      ]),
      `R3, median: ${figure(median(ratios), 4)}`,
      `ours: ${milliseconds(spread.ours)}; bare: ${milliseconds(spread.bare)} (closed loop, both at their limit)`,
    ],
    figures: { ratio: median(ratios), windows, latencyMs: spread },
    gates: [],
  };
}
