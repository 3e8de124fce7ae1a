// The way through Docker, the same for every service: the program is `docker run` in the foreground,
// its data a named volume, its ports published on loopback only.
import { spawnSync } from 'node:child_process';
import { findProgram } from './cache.ts';
import { removeContainer, type Program } from './program.ts';
import { updateRecord, type Slot } from './state.ts';
import type { Way } from './ways.ts';

type Container = {
  readonly slot: Slot;
  readonly name: string;
  readonly image: string;
  /** Port name → port inside the container. */
  readonly inside: Readonly<Record<string, number>>;
  /** Folder inside the container that holds the data; undefined = nothing is kept. */
  readonly volume: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly stopSignal: NodeJS.Signals;
  readonly answers: (ports: Readonly<Record<string, number>>) => Promise<void>;
};

export function dockerWay(container: Container): Way {
  return {
    name: 'docker',
    find: async () => {
      const reason = whyNotDocker();
      if (reason !== undefined) return reason;
      return {
        label: `${container.image} in Docker`,
        portNames: Object.keys(container.inside),
        program: (ports) => programFor(container, ports),
      };
    },
  };
}

function whyNotDocker(): string | undefined {
  if (findProgram('docker') === undefined) return 'docker is not installed';
  const answer = spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 15_000 });
  return answer.status === 0 ? undefined : 'docker is installed, but its daemon does not answer';
}

function programFor(container: Container, ports: Readonly<Record<string, number>>): Program {
  const { slot, inside } = container;
  const name = `waybill-${slot.id}-${container.name}`;
  const publish = Object.entries(inside).map(
    ([port, number]) => `--publish=127.0.0.1:${ports[port] ?? 0}:${number}`,
  );
  const variables = Object.entries(container.env ?? {}).map(
    ([key, value]) => `--env=${key}=${value}`,
  );
  return {
    name: container.name,
    command: 'docker',
    args: [
      'run',
      '--rm',
      '--init',
      `--name=${name}`,
      ...publish,
      ...variables,
      ...volumeOf(container, name),
      container.image,
      ...container.command,
    ],
    cwd: slot.folder,
    container: name,
    stopSignal: container.stopSignal,
    readyTimeoutMs: 180_000, // the image may have to be fetched first
    answers: () => container.answers(ports),
  };
}

// A throwaway run begins with an empty volume; a restart within the run keeps it.
function volumeOf({ slot, volume }: Container, name: string): readonly string[] {
  if (volume === undefined) return [];
  if (!slot.durable) {
    removeContainer(name);
    spawnSync('docker', ['volume', 'rm', '--force', name], { stdio: 'ignore' });
  }
  updateRecord(slot.folder, (record) => ({
    ...record,
    volumes: [...new Set([...record.volumes, name])],
  }));
  return [`--volume=${name}:${volume}`];
}
