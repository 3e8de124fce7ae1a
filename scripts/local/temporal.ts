// The ways to a Temporal server: what is there already, then the quick download, then the build.
import { dockerWay } from './docker.ts';
import type { Slot } from './state.ts';
import { devServerArgs, downloadCli, presentCli } from './temporal-cli.ts';
import { buildServer, cachedServer } from './temporal-go.ts';
import { ensureNamespace, type NamespaceWish } from './temporal-namespace.ts';
import type { Search } from './ways.ts';

// Inside the container; published on free ports of this machine.
const inside = { frontend: 7233, http: 7243, metrics: 7244, ui: 8233 };

export function findTemporal(context: {
  readonly slot: Slot;
  readonly wish: Omit<NamespaceWish, 'address'>;
  readonly log: (line: string) => void;
}): Search {
  const { slot, wish, log } = context;
  return {
    service: 'temporal',
    title: 'Temporal',
    switchName: 'WAYBILL_TEMPORAL',
    ways: [
      { name: 'go', find: async () => cachedServer(context) },
      { name: 'cli', find: async () => presentCli(context) },
      { name: 'cli', find: () => downloadCli(context, log) },
      { name: 'go', find: () => buildServer(context, log) },
      dockerWay({
        slot,
        name: 'temporal',
        image: 'temporalio/temporal:1.9.1',
        inside,
        volume: '/data',
        command: devServerArgs({
          slot,
          ip: '0.0.0.0',
          database: '/data/temporal.db',
          ports: inside,
        }),
        stopSignal: 'SIGTERM',
        answers: (ports) => ensureNamespace({ ...wish, address: `127.0.0.1:${ports['frontend']}` }),
      }),
    ],
    fixes: [
      'set TEMPORAL_ADDRESS to a Temporal server 1.32 or newer, such as host:7233',
      'install Go (https://go.dev/dl) or the temporal command line tool 1.9 or newer, then run this again',
      'start Docker, then run this again',
    ],
  };
}
