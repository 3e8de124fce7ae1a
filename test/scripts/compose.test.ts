// What the application reads reaches it in containers too.

import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const read = (name: string): Promise<string> =>
  readFile(new URL(`../../${name}`, import.meta.url), 'utf8');

test('docker-compose.yml passes every setting of a provider that .env.example names', async () => {
  const [example, compose] = await Promise.all([read('.env.example'), read('docker-compose.yml')]);
  const names = example.matchAll(
    /^# ((?:STRIPE|PAYPAL|CAMPAY|NOUPAY|PARTNER_FLEET|OSRM|GOOGLE_MAPS)_\w+)=/gmu,
  );
  const settings = [...names].map(([, name = '']) => name);
  expect(settings.length).toBeGreaterThan(20);
  expect(settings.filter((name) => !compose.includes(`    ${name}: \${${name}:`))).toEqual([]);
});
