// The web UI of a Temporal server that this run started. Orders run without it, so a UI that cannot
// be had is only told.
import type { Running } from './program.ts';
import type { Slot } from './state.ts';
import { obtainUi, uiProgram } from './temporal-go.ts';
import { bringUp, messageOf, type Found } from './ways.ts';

type Ui = { readonly url: string; readonly running: Running | undefined };

export async function startUi(context: {
  readonly slot: Slot;
  readonly log: (line: string) => void;
  readonly temporal: Found;
  readonly address: string;
}): Promise<Ui | undefined> {
  const { slot, log, temporal, address } = context;
  const included = temporal.ports['ui']; // the development server has one built in
  if (included !== undefined) return { url: `http://127.0.0.1:${included}`, running: undefined };
  try {
    const program = await obtainUi(log);
    const found = await bringUp(
      {
        service: 'temporal-ui',
        title: 'Temporal web UI',
        switchName: '',
        fixes: [],
        ways: [
          {
            name: 'go',
            find: async () => ({
              label: '2.54.1, built with Go',
              portNames: ['main'],
              program: (ports) => uiProgram(program, { slot, port: ports['main'] ?? 0, address }),
            }),
          },
        ],
      },
      { slot, log },
    );
    return { url: `http://127.0.0.1:${found.ports['main'] ?? 0}`, running: found.running };
  } catch (error) {
    log(`Temporal web UI: left out (${messageOf(error).split('\n')[0] ?? ''})`);
    return undefined;
  }
}
