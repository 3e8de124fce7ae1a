// Robots against a scripted system: a client that does not give up and does not ask twice, and a whole
// small day in which every party does its part.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { playDay } from '../../sandbox/city/day.ts';
import { generateDay } from '../../sandbox/city/generate.ts';
import { createApiClient, type ApiRequest } from '../../sandbox/city/http.ts';
import { obliging } from '../../sandbox/city/moods.ts';
import { createSystem, type Asked, type Said } from './city-system.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(
  answer: (asked: Asked) => Said,
): Promise<{ readonly url: string; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => void handle(request, response));
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const one: Asked = {
      method: request.method ?? '',
      path: (request.url ?? '').split('?')[0] ?? '',
      key: String(request.headers['idempotency-key'] ?? ''),
      secret: (request.headers.authorization ?? '').slice('Bearer '.length),
      body: text === '' ? {} : (JSON.parse(text) as Asked['body']),
    };
    asked.push(one);
    // A question that would wait for news waits a moment.
    if (one.path === '/v1/events' || one.path === '/v1/offers') await delay(5);
    const said = answer(one);
    if (said === 'drop') return void request.socket.destroy();
    if (said === 'silence') return;
    response
      .writeHead(said.status, { 'content-type': 'application/json' })
      .end(JSON.stringify(said.body ?? {}));
  }
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe('the client', () => {
  const command: ApiRequest = {
    method: 'POST',
    path: '/v1/orders',
    secret: 'secret',
    body: { a: 1 },
    idempotencyKey: 'key-1',
    timeoutMs: 200,
  };

  it('sends the same request with the same key until the answer is definitive', async () => {
    const script: Said[] = [
      'drop',
      { status: 503 },
      { status: 409, body: { code: 'idempotency_in_flight' } },
      'silence',
      { status: 500 },
      { status: 429 },
      { status: 201, body: { id: 'x' } },
    ];
    const { url, asked } = await serve(() => script.shift() ?? { status: 418 });
    const client = createApiClient({ baseUrl: url, giveUpMs: 20_000 });
    closing.push(async () => client.close());
    expect(await client.call(command)).toMatchObject({ status: 201, body: { id: 'x' } });
    expect(asked).toHaveLength(7);
    expect(new Set(asked.map(({ key, body }) => `${key} ${JSON.stringify(body)}`))).toEqual(
      new Set(['key-1 {"a":1}']),
    );
    expect([...client.retries().values()].reduce((all, each) => all + each, 0)).toBe(6);
  });

  it('takes a refusal for an answer', async () => {
    const { url, asked } = await serve(() => ({ status: 409, body: { code: 'already_accepted' } }));
    const client = createApiClient({ baseUrl: url, giveUpMs: 5_000 });
    closing.push(async () => client.close());
    expect(await client.call(command)).toMatchObject({ status: 409 });
    expect(asked).toHaveLength(1);
  });

  it('does not send again what is not worth it, and gives up after its time', async () => {
    const { url, asked } = await serve(() => ({ status: 503 }));
    const client = createApiClient({ baseUrl: url, giveUpMs: 300 });
    closing.push(async () => client.close());
    await expect(client.call({ ...command, perishable: true })).rejects.toThrow('HTTP 503');
    expect(asked).toHaveLength(1);
    await expect(client.call(command)).rejects.toThrow('no definitive answer in 300 ms');
  });
});

describe('a day', () => {
  it('is lived through by customers, merchants and drivers, each promise logged', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waybill-city-'));
    closing.push(() => rm(folder, { recursive: true }));
    const system = createSystem();
    const { url, asked } = await serve(system.answer);
    const clientLogFile = join(folder, 'clients.jsonl');
    const day = await playDay({
      plan: generateDay({ seed: 1, orders: 3, drivers: 2, moods: obliging }),
      speed: 3_000,
      apiUrl: url,
      adminKey: 'admin',
      bankUrl: undefined,
      clientLogFile,
    });
    expect(day.figures).toMatchObject({ orders: 3, delivered: 3, unfinished: 0 });
    expect([...day.oddities]).toEqual([]);
    expect(day.figures.clickToDoor?.mean).toBeGreaterThan(10);
    const lines = (await readFile(clientLogFile, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly kind: string; readonly action?: string });
    const actions = lines.flatMap(({ action }) => (action === undefined ? [] : [action]));
    expect(actions.toSorted()).toEqual(
      ['accept', 'deliver', 'pick-up', 'place', 'ready'].flatMap((action) => [
        action,
        action,
        action,
      ]),
    );
    expect(lines.filter(({ kind }) => kind === 'event')).toHaveLength(system.events().length);
    expect(asked.filter(({ path }) => path === '/v1/positions').length).toBeGreaterThan(0);
  });
});
