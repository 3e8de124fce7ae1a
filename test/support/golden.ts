// The golden histories on disk, one per path.

import { readFile } from 'node:fs/promises';
import proto from '@temporalio/proto';
import { scenarios } from './order-scenarios.ts';
import { standing } from './standing-scenarios.ts';

const { History } = proto.temporal.api.history.v1;

export const goldenFolder = new URL('../replay/histories/', import.meta.url);
export const goldenFile = (name: string): URL => new URL(`${name}.pb`, goldenFolder);
export const goldenNames = [...Object.keys(scenarios), ...Object.keys(standing)];
export const loadGolden = async (name: string) => History.decode(await readFile(goldenFile(name)));
