// Temporal as plain server and web UI programs, built once with `go install` and cached by version.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, isExecutable } from './cache.ts';
import { buildGoProgram, builtPath, type GoProgram } from './go-program.ts';
import type { Program } from './program.ts';
import type { Slot } from './state.ts';
import { dynamicConfigFile, serverConfigFile, temporalPorts } from './temporal-config.ts';
import { ensureNamespace, type NamespaceWish } from './temporal-namespace.ts';
import type { Plan } from './ways.ts';

type Log = (line: string) => void;

const takes = '4 to 10 minutes';
const server: GoProgram = {
  name: 'temporal-1.32.0',
  title: 'Temporal 1.32.0',
  package: 'go.temporal.io/server/cmd/server@v1.32.0',
  takes,
};
const ui: GoProgram = {
  name: 'temporal-ui-2.54.1',
  title: 'Temporal web UI 2.54.1',
  package: 'github.com/temporalio/ui-server/v2/cmd/server@v2.54.1',
  takes,
};

type ServerWish = { readonly slot: Slot; readonly wish: Omit<NamespaceWish, 'address'> };

/** The server of the cache, if it was built before. */
export function cachedServer(context: ServerWish): Plan | string {
  const program = builtPath(server);
  return isExecutable(program)
    ? serverPlan(program, { ...context, from: 'built with Go, cached' })
    : `no built server in ${cacheFolder()}`;
}

export async function buildServer(context: ServerWish, log: Log): Promise<Plan | string> {
  const program = await buildGoProgram(server, log);
  return serverPlan(program, { ...context, from: 'just built with Go' });
}

/** The web UI program, cached or built; throws when there is no Go. */
export function obtainUi(log: Log): Promise<string> {
  return buildGoProgram(ui, log);
}

/** The web UI for a server; ready once its own connection to the server stands. */
export function uiProgram(
  program: string,
  where: { readonly slot: Slot; readonly port: number; readonly address: string },
): Program {
  const cwd = join(where.slot.folder, 'temporal-ui');
  mkdirSync(join(cwd, 'ui'), { recursive: true });
  const config = `temporalGrpcAddress: "${where.address}"
host: 127.0.0.1
port: ${where.port}
enableUi: true
defaultNamespace: default
`;
  writeFileSync(join(cwd, 'ui', 'development.yaml'), config);
  return {
    name: 'temporal-ui',
    command: program,
    args: ['--root', '.', '--config', 'ui', '--env', 'development', 'start'],
    cwd,
    stopSignal: 'SIGTERM',
    readyTimeoutMs: 30_000,
    answers: async () => {
      const url = `http://127.0.0.1:${where.port}/api/v1/namespaces`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) });
      if (!answer.ok) throw new Error(`the web UI answers ${answer.status}`);
    },
  };
}

function serverPlan(program: string, context: ServerWish & { readonly from: string }): Plan {
  const { slot, wish, from } = context;
  return {
    label: `1.32.0, ${from}`,
    portNames: temporalPorts,
    program: (ports) => {
      const cwd = join(slot.folder, 'temporal');
      if (!slot.durable) rmSync(cwd, { recursive: true, force: true });
      mkdirSync(cwd, { recursive: true });
      writeFileSync(join(cwd, 'temporal.yaml'), serverConfigFile(slot.profile, ports));
      writeFileSync(join(cwd, 'dynamic.yaml'), dynamicConfigFile());
      return {
        name: 'temporal',
        command: program,
        args: ['--allow-no-auth', '--config-file', 'temporal.yaml', 'start'],
        cwd,
        stopSignal: 'SIGTERM',
        readyTimeoutMs: 60_000,
        answers: () => ensureNamespace({ ...wish, address: `127.0.0.1:${ports['frontend']}` }),
      };
    },
  };
}
