/** The `pulumi config` commands that messages tell a person to run. Pure. */

/** The way to a value: keys and positions, from the top. */
export type Path = readonly PropertyKey[];

/** A path as Pulumi writes it: `berth:volumes[0].target`, `berth:secrets["db.password"]`. */
export const pathText = (path: Path): string =>
  "berth:" +
  path
    .map((key, index) =>
      typeof key === "number"
        ? `[${key}]`
        : !/^([\w-]+|<\w+>)$/.test(String(key))
          ? `["${String(key)}"]`
          : `${index ? "." : ""}${String(key)}`,
    )
    .join("");

/** A word for a shell; "<value>" and "< file" stand for what the person has to put there. */
export const quoted = (word: string): string => (/^[\w:./@%+=,<>-]+$|^< /.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Command that sets a value; what is secret goes in encrypted. */
export function setCommand(path: Path, value: string): string {
  const secret =
    (path[0] === "secrets" && path[2] !== "command" && path[2] !== "timeout") ||
    (path[0] === "tls" && path[1] === "key") ||
    (path[0] === "backups" && (["password", "credentials"].includes(String(path[1])) || path[2] === "key"));
  return ["pulumi config set", ...(secret ? ["--secret"] : []), ...target(path), quoted(value)].join(" ");
}

/** Command that removes a value. */
export const removeCommand = (path: Path): string => ["pulumi config rm", ...target(path)].join(" ");

const target = (path: Path): string[] => [...(path.length > 1 ? ["--path"] : []), quoted(pathText(path))];
