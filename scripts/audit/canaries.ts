// The canary: the city's people have names, phones and addresses that nobody else has, so that finding
// one outside the encrypted columns means that personal data has leaked. A card number belongs nowhere at all.

import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { canaryTokens } from '../../sandbox/city/people.ts';
import type { CanaryHit } from './data.ts';

/** Those that providers publish for tests (docs.stripe.com/testing#cards): what a test would enter. */
export const cardNumbers: readonly string[] = [
  '4242424242424242',
  '4000056655665556',
  '5555555555554444',
  '378282246310005',
  '6011111111111117',
  '3056930009020004',
  '36227206271667',
  '3566002020360505',
  '6200000000000005',
  '4111111111111111',
];
const tokens = [...canaryTokens, ...cardNumbers];

export const findCanaries = (source: string, text: string): readonly CanaryHit[] =>
  tokens.filter((token) => text.includes(token)).map((token) => ({ source, token }));

/** Every `.log` in these folders. */
export async function searchLogs(
  folders: readonly string[],
): Promise<{ readonly searched: number; readonly hits: readonly CanaryHit[] }> {
  const files = (await Promise.all(folders.map(logsIn))).flat();
  const hits = await Promise.all(
    files.map(async (file) => findCanaries(file, await readFile(file, 'utf8'))),
  );
  return { searched: files.length, hits: hits.flat() };
}

const logsIn = async (folder: string): Promise<readonly string[]> => {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith('.log')).map((name) => join(folder, name));
};

/** Metrics endpoints; one that does not answer is not searched. */
export async function searchPages(
  urls: readonly string[],
): Promise<{ readonly searched: number; readonly hits: readonly CanaryHit[] }> {
  const pages = await Promise.all(urls.map(readPage));
  const found = pages.flatMap((page) =>
    page === undefined ? [] : [findCanaries(page.url, page.text)],
  );
  return { searched: found.length, hits: found.flat() };
}

async function readPage(
  url: string,
): Promise<{ readonly url: string; readonly text: string } | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    return { url, text: await response.text() };
  } catch {
    return undefined;
  }
}
