// Numbers among the flags of a fake that runs as a process.

/** Throws for what is none, or negative. */
export function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`--${name} must be a number, not ${text}`);
}
