/** Configuration whose keys are each well-formed and yet do not go together. */
import type { RawValue, ReleaseSettings, Settings } from "../settings.ts";

/** One line for each conflict, with both sides and what to do. */
export function findConflicts(settings: Settings, raw: Readonly<Record<string, RawValue>>): string[] {
  const { next, tls, hosts, build } = settings;
  const problems: string[] = [];
  if (build.context && build.remoteContext) {
    problems.push(`berth:build has both context (${build.context}) and remoteContext (${build.remoteContext}): remove one of them`);
  }
  if (next.strategy === "recreate" && next.replicas > 1) {
    problems.push(`berth:strategy is recreate, for an app that allows one writer, but berth:replicas is ${next.replicas}: set berth:replicas to 1`);
  }
  if (next.health.timeout > next.health.deadline) {
    problems.push(`berth:health.timeout (${next.health.timeout}s) is above berth:health.deadline (${next.health.deadline}s): lower the first or raise the second`);
  }
  if (tls && hosts.length === 0) problems.push("berth:tls needs host names: pulumi config set --path 'berth:hosts[0]' example.com");
  if (tls && "acme" in tls && hosts.some((host) => host.startsWith("*."))) {
    problems.push("berth:hosts has a wildcard, for which tls.acme gets no certificate: name each host, or give berth:tls a certificate and key");
  }
  if (tls && settings.port === settings.httpsPort) problems.push(`berth:port and berth:httpsPort are both ${settings.port}: change one of them`);
  for (const key of ["secrets", ...(tls && "key" in tls ? ["tls"] : [])]) {
    if (raw[key] && !raw[key].secret) {
      const path = key === "tls" ? "tls.key" : `secrets.${Object.keys(settings.secrets)[0]}`;
      problems.push(`berth:${path} stands in the stack file in plain text: pulumi config set --secret --path berth:${path} <value>`);
    }
  }
  for (const name of ["PORT", "BERTH_RELEASE", "BERTH_REPLICA"]) {
    if (name in next.env) problems.push(`berth:env.${name} is set by Berth itself${name === "PORT" ? ": set berth:containerPort instead" : ": choose another name"}`);
  }
  return [...problems, ...findMountConflicts(next)];
}

function findMountConflicts({ volumes, binds }: ReleaseSettings): string[] {
  const problems: string[] = [];
  const names = volumes.map(({ name }) => name);
  for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index))) {
    problems.push(`berth:volumes names ${name} twice: give each volume its own name`);
  }
  const targets = ["/tmp", "/run/secrets", ...volumes.map(({ target }) => target), ...binds.map(({ target }) => target)].map((path) => path.replace(/\/+$/, ""));
  for (const target of new Set(targets.filter((target, index) => targets.indexOf(target) !== index))) {
    problems.push(`two mounts have the target ${target || "/"} (berth:volumes, berth:binds, and Berth's own /tmp and /run/secrets): change one of them`);
  }
  if (targets.includes("")) problems.push("a mount has the target /, which would hide the whole image: choose a folder below it");
  for (const { source } of binds) {
    if (/^\/(proc|sys|dev|etc|boot|usr|lib|var\/run\/docker\.sock|run\/docker\.sock)?(\/|$)/.test(source)) {
      problems.push(`berth:binds has the source ${source}, which would give the container power over its host: choose a folder of your own`);
    }
  }
  return problems;
}
