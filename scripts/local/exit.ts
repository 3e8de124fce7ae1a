// Ends the services when this process ends. Exit: at once, without waiting. A signal: in order, and
// then this process too; but when somebody else listens to the signal, ending is their business and
// they end in an exit.

type Ending = {
  /** Stops in order and waits. */
  readonly stop: () => Promise<void>;
  /** Sends the signals and does not wait. */
  readonly stopNow: () => void;
};

const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const active = new Set<Ending>();
let listening = false;

/** Returns the call that withdraws it, for a set that was stopped in the ordinary way. */
export function endAtExit(ending: Ending): () => void {
  active.add(ending);
  if (!listening) listen();
  return () => active.delete(ending);
}

function listen(): void {
  listening = true;
  process.on('exit', () => active.forEach((ending) => ending.stopNow()));
  for (const [signal, code] of Object.entries(signals)) {
    process.on(signal, () => {
      if (process.listenerCount(signal) > 1) return;
      const stops = [...active].map((ending) => ending.stop());
      void Promise.allSettled(stops).then(() => process.exit(code));
    });
  }
}
