// Each service can be had in several ways. They are tried in order; the first whose program answers
// is used; the reasons why the others were not are told only when none of them works.
import { startProgram, type Program, type Running } from './program.ts';
import { pickPorts } from './ports.ts';
import { readRecord, updateRecord, type Slot } from './state.ts';

export type ServiceName = 'temporal' | 'postgres' | 'redis' | 'temporal-ui';

/** A way that can be taken: what to say about it, and the program for given ports. */
export type Plan = {
  readonly label: string;
  readonly portNames: readonly string[];
  readonly program: (ports: Readonly<Record<string, number>>) => Program | Promise<Program>;
};

/** `find` answers with a plan or with the reason why this way is closed. It may take minutes. */
export type Way = { readonly name: string; readonly find: () => Promise<Plan | string> };

export type Search = {
  readonly service: ServiceName;
  readonly title: string;
  readonly ways: readonly Way[];
  /** Name of the environment variable that restricts the search to one way. */
  readonly switchName: string;
  /** What the reader can do, one line each. */
  readonly fixes: readonly string[];
};

export type Found = {
  readonly running: Running;
  readonly label: string;
  readonly ports: Readonly<Record<string, number>>;
};

export type Context = { readonly slot: Slot; readonly log: (line: string) => void };

/** Brings a service up by the first way that works, or throws an error saying what to do. */
export async function bringUp(search: Search, context: Context): Promise<Found> {
  const only = process.env[search.switchName];
  const refusals: string[] = [];
  const ways = search.ways.filter((way) => only === undefined || only === '' || way.name === only);
  for (const way of ways) {
    const startedAt = Date.now();
    const plan = await way.find().catch((error: unknown) => messageOf(error));
    if (typeof plan === 'string') {
      refusals.push(`${way.name}: ${plan}`);
      continue;
    }
    try {
      const { running, ports } = await startPlan(search.service, { plan, context });
      const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
      context.log(`${search.title}: ${plan.label}, ready in ${seconds} s`);
      return { running, ports, label: plan.label };
    } catch (error) {
      refusals.push(`${way.name}: ${messageOf(error)}`);
      if (way !== ways.at(-1))
        context.log(`${search.title}: ${plan.label} failed; trying another way`);
    }
  }
  if (ways.length === 0) {
    const names = [...new Set(search.ways.map((way) => way.name))].join(', ');
    refusals.push(`${search.switchName}=${only ?? ''} is not one of: ${names}`);
  }
  throw new Error(explain(search, refusals));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// Another program may take a port between the look and the start: then other ports are taken.
async function startPlan(
  service: ServiceName,
  { plan, context }: { readonly plan: Plan; readonly context: Context },
): Promise<{ readonly running: Running; readonly ports: Readonly<Record<string, number>> }> {
  const { slot } = context;
  const names = plan.portNames.map((name) => `${service}.${name}`);
  for (let attempt = 1; ; attempt++) {
    const ports = await pickPorts(names, attempt === 1 ? readRecord(slot.folder).ports : {});
    updateRecord(slot.folder, (record) => ({ ...record, ports: { ...record.ports, ...ports } }));
    const short = Object.fromEntries(
      plan.portNames.map((name) => [name, ports[`${service}.${name}`] ?? 0]),
    );
    try {
      return { running: await startProgram(await plan.program(short), context), ports: short };
    } catch (error) {
      if (attempt >= 3 || !/address already in use|EADDRINUSE/i.test(messageOf(error))) throw error;
    }
  }
}

function explain(search: Search, refusals: readonly string[]): string {
  return [
    `${search.title} cannot be brought up. What was tried:`,
    ...refusals.map((line) => `  - ${line.replaceAll('\n', '\n    ')}`),
    'Any one of these fixes it:',
    ...search.fixes.map((line, index) => `  ${index + 1}. ${line}`),
  ].join('\n');
}
