// `npm run bench:dispatch`: how long one dispatch round takes at full size. Exit code 1 when a gate is missed.

import { parseArgs } from 'node:util';
import { measureRounds, roundSizes, type Measured } from '../bench/rounds.ts';

const usage = `npm run bench:dispatch [-- options]

Times plan() (bundle, find candidates, cost, solve, commit, explain) on made-up markets, after a warm-up.

  --rounds N   how many rounds per size (default 60)
  --help`;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '60' }, help: { type: 'boolean', default: false } },
});

const passes = ({ size, medianMs, p99Ms }: Measured): boolean =>
  medianMs < size.medianMs && (size.p99Ms === undefined || p99Ms < size.p99Ms);

function describe(measured: Measured): string {
  const { size, medianMs, p99Ms, medianCpuMs, offered, fallbacks } = measured;
  const gate = `gate ${size.medianMs} ms${size.p99Ms === undefined ? '' : `, p99 ${size.p99Ms} ms`}`;
  return [
    `${String(size.orders).padStart(5)} orders × ${String(size.drivers).padStart(5)} drivers:`,
    `median ${medianMs.toFixed(0).padStart(4)} ms, p99 ${p99Ms.toFixed(0).padStart(4)} ms, CPU ${medianCpuMs.toFixed(0).padStart(4)} ms`,
    `(${gate}; ${offered} offers, ${fallbacks} fallbacks)`,
    passes(measured) ? 'holds' : 'MISSED',
  ].join(' ');
}

function main(): void {
  if (values.help) return console.log(usage);
  const rounds = Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new Error(`--rounds must be a whole number above 0, not ${values.rounds}`);
  const all = roundSizes.map((size) => {
    const measured = measureRounds(size, rounds);
    console.log(describe(measured));
    return measured;
  });
  process.exitCode = all.every(passes) ? 0 : 1;
}

main();
