/** Configuration whose keys are each well-formed and yet do not go together. */
import { dataOf, urlSecret } from "./accessoryKinds.ts";
import type { RawValue, ReleaseSettings, Settings } from "./types.ts";
import { pathText, removeCommand, setCommand } from "./commands.ts";
import { findMountConflicts } from "./mountConflicts.ts";
import { findSecretConflicts } from "./secretConflicts.ts";
import { findTlsConflicts } from "./tlsConflicts.ts";

type Raw = Readonly<Record<string, RawValue>>;

/** One line for each conflict, with both sides and what to do. */
export function findConflicts(settings: Settings, raw: Raw): string[] {
  const { next, build } = settings;
  const problems: string[] = [];
  if (build.context && build.remoteContext) {
    problems.push(`berth:build has both context (${build.context}) and remoteContext: remove one of them`);
  }
  if (next.strategy === "recreate" && next.replicas > 1) {
    problems.push(
      `berth:strategy is recreate, for an app that allows one writer, but berth:replicas is ${next.replicas}: ${setCommand(["replicas"], "1")}`,
    );
  }
  if (settings.canary && next.strategy === "recreate") {
    problems.push(
      `berth:canary needs two releases at work at once, but berth:strategy is recreate, for an app that allows one writer: remove one of them`,
    );
  }
  const names = next.workers.map(({ name }) => name);
  for (const name of new Set(names.filter((entry, index) => names.indexOf(entry) !== index))) {
    problems.push(`berth:workers has two of the name ${name}: give each a name of its own`);
  }
  for (const [index, { name, existing }] of next.volumes.entries()) {
    if (existing && name in settings.seeds)
      problems.push(`berth:volumes[${index}] has both existing (${existing}) and seed, which is for a new volume: remove one of them`);
  }
  if (next.health.timeout > next.health.deadline) {
    problems.push(
      `berth:health.timeout (${next.health.timeout}s) is above berth:health.deadline (${next.health.deadline}s): lower the first or raise the second`,
    );
  }
  const [unkept] = settings.backups ? [] : settings.volumeBackups;
  if (unkept)
    problems.push(
      `there is to be a backup of volume ${unkept.volume}, and nowhere to put it: ${setCommand(["backups", "target"], "/srv/backups")}`,
    );
  const { target, ssh } = settings.backups ?? {};
  if (target?.startsWith("sftp:") && !ssh)
    problems.push(
      `berth:backups.target is reached by SSH, which takes a key and the server's own key: ${setCommand(["backups", "ssh", "key"], "< id_ed25519")}, and ${setCommand(["backups", "ssh", "knownHosts"], "< known_hosts")} with what ssh-keyscan prints`,
    );
  if (ssh && !target?.startsWith("sftp:"))
    problems.push(`berth:backups.ssh is for a target that begins with sftp:, and it is ${target}: ${removeCommand(["backups", "ssh"])}`);
  return [
    ...problems,
    ...findTlsConflicts(settings),
    ...findSecretConflicts(settings),
    ...findPlainSecrets(settings, raw),
    ...findOpenSecrets(raw),
    ...findReservedNames(next),
    ...findMountConflicts(next),
    ...findAccessoryConflicts(settings),
  ];
}

/** Secrets that stand in the stack file for everyone to read. */
function findPlainSecrets({ secrets, tls, backups }: Settings, raw: Raw): string[] {
  const paths = [
    ...(raw["secrets"]?.secret ? [] : Object.entries(secrets).flatMap(([name, value]) => ("command" in value ? [] : [["secrets", name]]))),
    ...(tls && "key" in tls && !raw["tls"]?.secret ? [["tls", "key"]] : []),
    ...(backups && !raw["backups"]?.secret
      ? [
          ["backups", "password"],
          ...Object.keys(backups.credentials).map((name) => ["backups", "credentials", name]),
          ...(backups.ssh ? [["backups", "ssh", "key"]] : []),
        ]
      : []),
  ];
  return paths.map(
    (path) =>
      `${pathText(path)} stands in the stack file in plain text: ${setCommand(path, path[0] === "tls" ? "< key.pem" : path[1] === "ssh" ? "< id_ed25519" : "<value>")}`,
  );
}

/** Values that the stack file keeps encrypted, and that would stand in plain text wherever Berth puts them. */
function findOpenSecrets(raw: Raw): string[] {
  return Object.keys(raw)
    .filter((key) => raw[key]?.secret && !["secrets", "tls", "backups"].includes(key))
    .map((key) =>
      key === "env"
        ? `berth:env has an encrypted value, but the environment of a container can be read by all who can use the engine: ${setCommand(["secrets", "<name>"], "<value>")}, let the app read /run/secrets/<name>, and set berth:env without --secret`
        : `berth:${key} is encrypted, but would not stay a secret in the containers and the stack's state: ${removeCommand([key])}, then set it without --secret`,
    );
}

/** Environment variables that Berth itself gives to the app. */
function findReservedNames({ env }: ReleaseSettings): string[] {
  const instead: Record<string, string> = {
    PORT: "set berth:containerPort instead",
    BERTH_RELEASE: "choose another name",
    BERTH_REPLICA: "choose another name",
  };
  return Object.keys(env)
    .filter((name) => name in instead)
    .map((name) => `berth:env.${name} is set by Berth itself: ${instead[name]}`);
}

/** Names that an accessory takes and something else has. */
function findAccessoryConflicts({ accessories, secrets, next }: Settings): string[] {
  return accessories.flatMap(({ name }, index) => {
    const first = accessories.findIndex((other) => other.name === name);
    return [
      ...(first !== index
        ? [`berth:accessories[${first}].name and berth:accessories[${index}].name are both ${name}: give each a name of its own`]
        : []),
      ...(urlSecret(name) in secrets
        ? [`berth:secrets has ${urlSecret(name)}, which Berth makes for the accessory ${name}: rename one of them`]
        : []),
      ...(next.volumes.some((volume) => volume.name === dataOf(name))
        ? [`berth:volumes has ${dataOf(name)}, which is the volume of the accessory ${name}: rename one of them`]
        : []),
    ];
  });
}
