/** Mounts that get in each other's way, or give a container what it must not have. */
import { mebibytes } from "./units.ts";
import type { ReleaseSettings } from "./types.ts";

/** Folders that a container finds in place already. */
const OWN = ["/tmp", "/run/secrets"];
/** Folders of the host that give power over it, with all that is below them (CIS Docker Benchmark 5.6). */
const SENSITIVE = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/lib64",
  "/proc",
  "/root",
  "/sbin",
  "/sys",
  "/usr",
  "/var/lib/containerd",
  "/var/lib/docker",
];
/** Folders of the host that hold such folders or the engine's socket; their other sub-folders are harmless. */
const HOLDERS = ["", "/run", "/var", "/var/lib", "/var/run"];

/** One line for each conflict, with both sides and what to do. */
export function findMountConflicts({ volumes, binds, tmpfs = [], resources }: ReleaseSettings): string[] {
  const mounts = [
    ...volumes.map(({ target }, index) => ({ key: `berth:volumes[${index}].target`, target: plain(target) })),
    ...binds.map(({ target }, index) => ({ key: `berth:binds[${index}].target`, target: plain(target) })),
    ...tmpfs.map(({ target }, index) => ({ key: `berth:tmpfs[${index}].target`, target: plain(target) })),
  ];
  const problems: string[] = [];
  for (const [index, { key, target }] of mounts.entries()) {
    const other = mounts.slice(0, index).find((mount) => mount.target === target);
    if (target === "") problems.push(`${key} is /, which would hide the whole image: choose a folder below it`);
    else if (OWN.some((own) => isWithin(target, own)) && !(key.startsWith("berth:tmpfs") && target === "/tmp"))
      problems.push(`${key} is ${target}, but ${OWN.join(" and ")} are Berth's own: choose another folder`);
    else if (other) problems.push(`${other.key} and ${key} are both ${target}: change one of them`);
  }
  for (const [index, { name }] of volumes.entries()) {
    const first = volumes.findIndex((volume) => volume.name === name);
    const held = volumes.findIndex((volume) => volume.existing !== undefined && volume.existing === volumes[index]?.existing);
    if (held !== -1 && held !== index)
      problems.push(
        `berth:volumes[${held}].existing and berth:volumes[${index}].existing are both ${volumes[held]?.existing}: mount it once`,
      );
    if (first !== index)
      problems.push(`berth:volumes[${first}].name and berth:volumes[${index}].name are both ${name}: give each volume its own name`);
  }
  for (const [index, { size }] of tmpfs.entries()) {
    if (size > resources.memory) {
      problems.push(
        `berth:tmpfs[${index}].size (${mebibytes(size)}M) is above berth:resources.memory (${mebibytes(resources.memory)}M), which it is taken from: lower the first or raise the second`,
      );
    }
  }
  for (const [index, { source }] of binds.entries()) {
    if (givesPower(plain(source))) {
      problems.push(
        `berth:binds[${index}].source is ${source}, which would give the container power over its host: choose a folder of your own`,
      );
    }
  }
  return problems;
}

const givesPower = (source: string): boolean =>
  HOLDERS.includes(source) || SENSITIVE.some((folder) => isWithin(source, folder)) || /\/(docker|containerd)\.sock$/.test(source);

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** A path with single slashes and none at its end; empty for the root. */
const plain = (path: string): string => path.replace(/\/+/g, "/").replace(/\/$/, "");
