/** One drill: the newest backup of a volume, restored beside the one that serves, and checked. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { containerFlags } from "../../components/containerFlags.ts";
import { hardened } from "../../components/hardening.ts";
import { labels } from "../../engine/labels.ts";
import type { VolumeBackup } from "../../settings/settings.ts";
import { UserError } from "../shared/cli.ts";
import { listBackups } from "./backUp.ts";
import type { Context } from "./context.ts";
import { writeRecord } from "./records.ts";
import { newVolume, removeUnfinished, restoreInto } from "./restoreInto.ts";
import { type Backup, chooseBackup, shortId } from "./snapshots.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

/** A check may take so long, in milliseconds. */
const PATIENCE = 1_800_000;
/** Of what a check printed, so many lines are told. */
const LINES = 10;
/** Weight when processors are short, as that of restic. */
const CPU_SHARES = 128;

/** A drill that was good. */
export interface Drilled {
  readonly volume: string;
  readonly backup: string;
  /** When the backup was made, in ISO 8601. */
  readonly made: string;
  readonly files: number;
  readonly seconds: number;
  /** What the check printed last; null where none is configured. */
  readonly check: string | null;
}

/** Makes a drill, and writes down how it ended. @throws UserError where the backup is no good @throws Busy */
export async function drill(context: Context, settings: VolumeBackup, onOpen: (workspace: Workspace) => void): Promise<Drilled> {
  const { owner, backups } = context;
  const { volume } = settings;
  const held = await openWorkspace(owner, backups, { what: "drill", volume });
  onOpen(held);
  const record = { doing: "drill", volume } as const;
  let backup: Backup | undefined;
  try {
    const started = Date.now();
    backup = chooseBackup(await listBackups(context, held), volume, "latest");
    await held.restic(["check", "--retry-lock", "5m"]);
    const check = await tryOut(context, settings, backup, onOpen);
    await writeRecord(owner, { ...record, time: new Date().toISOString(), good: true, backup: shortId(backup), made: backup.time, why: "" });
    return { volume, backup: shortId(backup), made: backup.time, files: backup.files, seconds: (Date.now() - started) / 1000, check };
  } catch (error) {
    const why = (error as Error).message.split("\n")[0] ?? "";
    await writeRecord(owner, { ...record, time: new Date().toISOString(), good: false, backup: backup ? shortId(backup) : "", made: backup?.time ?? "", why });
    throw error;
  } finally {
    await held.close();
  }
}

/** Restores into a volume that is removed in the end, and runs the check on it. */
async function tryOut(context: Context, { volume, target, check }: VolumeBackup, backup: Backup, onOpen: (workspace: Workspace) => void): Promise<string | null> {
  const { owner, backups, declared } = context;
  await removeUnfinished(owner, volume, declared.volumes.map(({ name }) => name));
  const scratch = await newVolume(owner, volume, "backup");
  try {
    await restoreInto(owner, backups, backup, scratch.name, onOpen);
    return check ? await runCheck(context, scratch.name, target, check) : null;
  } finally {
    await scratch.remove();
  }
}

/** Runs the check in the live release's image, cut off from everything but the restored data. Returns its last line. */
async function runCheck({ owner, outputs }: Context, scratch: string, target: string, check: readonly string[]): Promise<string> {
  const settings = outputs.releases.find(({ name }) => name === outputs.release)?.settings;
  if (!settings) throw new UserError(`release ${outputs.release} is not in the ledger: npm run up`);
  const { restart: _, ...limits } = hardened({ ...settings.resources, cpuShares: CPU_SHARES });
  const flags = containerFlags({
    ...limits,
    image: outputs.image,
    ...(settings.user !== "image" && { user: settings.user }),
    envs: Object.entries({ ...settings.env, PORT: settings.containerPort, BERTH_RELEASE: outputs.release }).map(([name, value]) => `${name}=${value}`),
    labels: Object.entries(labels(owner, "backup", { "berth.doing": "check" })).map(([label, value]) => ({ label, value })),
    mounts: [{ type: "volume", source: scratch, target }],
  });
  const name = `${owner.project}-${owner.stack}-check-${randomBytes(3).toString("hex")}`;
  const { code, last } = await watched(["run", "--rm", "--name", name, "--network", "none", "--pids-limit", String(settings.resources.pids), ...flags, outputs.image, ...check], name);
  if (code === 0) return last.at(-1) ?? "";
  throw new UserError([`the check of the restored data ${code === undefined ? `took longer than ${PATIENCE / 60_000} min` : `failed with exit code ${code}`}: ${check.join(" ")}`, ...last.map((line) => `  ${line}`)].join("\n"));
}

/** Runs `docker`; `code` is undefined where it took too long and was ended. */
function watched(words: readonly string[], container: string): Promise<{ code: number | undefined; last: string[] }> {
  return new Promise((resolve, reject) => {
    const child = spawn("docker", words, { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    let late = false;
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    const timer = setTimeout(() => {
      late = true;
      spawn("docker", ["rm", "--force", container], { stdio: "ignore" });
    }, PATIENCE);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code: late ? undefined : (code ?? 1), last: said.split("\n").filter(Boolean).slice(-LINES) });
    });
  });
}
