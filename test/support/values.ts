/** Values as Pulumi's protocol carries them, made readable. */

/** A value that is kept encrypted in the stack's state. */
export class Secret {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** A value that is not known before the update. */
export const UNKNOWN = "<not known yet>";

// Fixed marks of the protocol, from @pulumi/pulumi/runtime/rpc.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270";
const UNKNOWN_MARK = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The value with secrets as `Secret` and unknown ones as `UNKNOWN`. */
export function readable(value: unknown): unknown {
  if (value === UNKNOWN_MARK) return UNKNOWN;
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  if (object[SIGNATURE] === SECRET_MARK) return new Secret(readable(object["value"]));
  return Object.fromEntries(Object.entries(object).map(([key, part]) => [key, readable(part)]));
}

/** The name at the end of a URN. */
export const nameIn = (urn: string): string => urn.split("::").at(-1) ?? "";

/** Labels, as the provider takes them, by their names. */
export const labelsOf = (list: unknown): Record<string, string> =>
  Object.fromEntries((list as { label: string; value: string }[]).map(({ label, value }) => [label, value]));

/** Input of a step, which it is given as JSON in its environment. */
export const stepInput = (inputs: Readonly<Record<string, unknown>>): unknown =>
  JSON.parse((inputs["environment"] as Record<string, string>)["BERTH_INPUT"] ?? "null");
