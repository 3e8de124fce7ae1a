// Stripe's request encoding: form fields with brackets, `metadata[order_id]=1&expand[0]=latest_charge`.
// Parsed flat, because the fake reads few fields and compares whole requests by these strings.

/** Field name as sent → value. */
export type Form = ReadonlyMap<string, string>;

export function parseForm(text: string): Form {
  return new Map(new URLSearchParams(text));
}

/** `created[gte]` style maps: the entries below `name`, by their inner key. */
export function fieldsUnder(form: Form, name: string): Readonly<Record<string, string>> {
  const inner: Record<string, string> = {};
  for (const [key, value] of form) {
    if (key.startsWith(`${name}[`) && key.endsWith(']')) {
      inner[key.slice(name.length + 1, -1)] = value;
    }
  }
  return inner;
}

export const listUnder = (form: Form, name: string): readonly string[] =>
  Object.values(fieldsUnder(form, name));

export type Whole = { readonly value: number | undefined } | { readonly invalid: true };

/** A whole number, absent, or invalid. */
export function wholeField(form: Form, name: string): Whole {
  const text = form.get(name);
  if (text === undefined) return { value: undefined };
  return /^-?\d{1,15}$/.test(text) ? { value: Number(text) } : { invalid: true };
}

/** Equal for equal requests, whatever the order of their fields. */
export const fingerprintOf = (form: Form): string =>
  JSON.stringify([...form].toSorted(([a], [b]) => (a < b ? -1 : 1)));
