// Stripe's own mock (github.com/stripe/stripe-mock) takes every request that we make: it knows Stripe's parameters and
// refuses others. It keeps no state, so that what it answers says nothing. A part of `npm run proof`.

import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildGoProgram, findGo } from '../../scripts/local/go-program.ts';
import { figure } from '../support/figure.ts';
import { everyStripeCall } from '../support/stripe-calls.ts';
import type { StripeCall } from '../support/stripe-contract.ts';

const stripeMock = {
  name: 'stripe-mock-0.203.0',
  title: 'stripe-mock 0.203.0',
  package: 'github.com/stripe/stripe-mock@v0.203.0',
  takes: 'a minute',
};

const asked = process.env['PROOF'] === '1';
const canRun = asked && findGo() !== undefined;
if (asked && !canRun) figure('stripe-mock: skipped, because Go is not installed');

describe.runIf(canRun)('stripe-mock', () => {
  let mock: ChildProcess;
  let url: string;
  let calls: readonly StripeCall[];
  beforeAll(async () => {
    calls = await everyStripeCall();
    const program = await buildGoProgram(stripeMock, console.log);
    mock = spawn(program, ['-http-port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    url = `http://127.0.0.1:${await portIn(mock)}`;
  }, 600_000);
  afterAll(() => void mock.kill());

  const send = async ({ method, path, sent }: Omit<StripeCall, 'answer'>) => {
    const response = await fetch(`${url}${path}${method === 'GET' ? `?${sent}` : ''}`, {
      method,
      headers: {
        authorization: 'Bearer sk_test_x',
        'content-type': 'application/x-www-form-urlencoded',
      },
      ...(method === 'GET' ? {} : { body: sent }),
    });
    return { status: response.status, text: await response.text() };
  };

  it('takes every request that we make', async () => {
    const refused: string[] = [];
    for (const call of calls) {
      const { status, text } = await send(call);
      if (status !== 200) refused.push(`${call.method} ${call.path}: ${status} ${text}`);
    }
    expect(refused).toEqual([]);
    figure(`stripe-mock took ${calls.length} of ${calls.length} requests`);
  });

  it('refuses a parameter that Stripe does not know', async () => {
    const sent = 'amount=100&currency=eur&payment_methods=card';
    expect(await send({ method: 'POST', path: '/v1/payment_intents', sent })).toMatchObject({
      status: 400,
    });
  });
});

/** It says on which port it listens. */
function portIn(process: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    process.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const port = /HTTP at (?:address|port): \S*?(\d+)\s/.exec(said)?.[1];
      if (port !== undefined) resolve(port);
    });
    process.once('exit', () => reject(new Error(`stripe-mock ended: ${said}`)));
  });
}
