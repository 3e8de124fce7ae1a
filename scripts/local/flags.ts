// The command line of the small scripts: `--help` and on/off flags, nothing else.
import { parseArgs } from 'node:util';

/** Reads the flags; prints the usage and ends for `--help` (0) and for anything unknown (2). */
export function readFlags<Name extends string>(usage: string, names: readonly Name[]): Set<Name> {
  try {
    const options = Object.fromEntries(
      ['help', ...names].map((name) => [name, { type: 'boolean' as const }]),
    );
    const { values } = parseArgs({ options });
    if (values['help'] === true) {
      console.log(usage);
      process.exit(0);
    }
    return new Set(names.filter((name) => values[name] === true));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}
