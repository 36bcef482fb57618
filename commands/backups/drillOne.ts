/** One drill: the newest backup of a volume, restored beside the one that serves, and checked. */
import { randomBytes } from "node:crypto";
import { containerSpec } from "../../components/containerSpec.ts";
import { hardened } from "../../components/hardening.ts";
import { EngineError } from "../../docker/engineError.ts";
import { createContainer, logsOf, removeContainer, startContainer, waitForContainer } from "../../engine/containers.ts";
import { LABEL, labelList, labels } from "../../release/labels.ts";
import type { VolumeBackup } from "../../settings/settings.ts";
import { andThen, orUndo } from "../shared/cleanUp.ts";
import { UserError } from "../shared/cli.ts";
import { listBackups } from "./backUp.ts";
import type { Context } from "./context.ts";
import { writeRecord } from "./records.ts";
import { newVolume, removeUnfinished, restoreInto } from "./restoreInto.ts";
import { type Backup, chooseBackup, shortId } from "./snapshots.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

/** A check may take so long, in seconds. */
const PATIENCE = 1800;
/** Of what a check printed, so many lines are told. */
const LINES = 10;
/** Weight when processors are short, as that of restic. */
const CPU_SHARES = 128;

/** What ends the work of a drill before its time. */
export type Ending = Pick<Workspace, "close">;

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
export async function drill(context: Context, settings: VolumeBackup, onOpen: (ending: Ending) => void): Promise<Drilled> {
  const { owner, backups } = context;
  const { volume } = settings;
  const held = await openWorkspace(owner, backups, { what: "drill", volume });
  onOpen(held);
  const record = { doing: "drill", volume } as const;
  const now = () => new Date().toISOString();
  let backup: Backup | undefined;
  const work = async (): Promise<Drilled> => {
    const started = Date.now();
    backup = chooseBackup(await listBackups(context, held), volume, "latest");
    await held.restic(["check"]);
    const check = await tryOut(context, settings, backup, onOpen);
    await writeRecord(owner, { ...record, time: now(), good: true, backup: shortId(backup), made: backup.time, why: "" });
    return { volume, backup: shortId(backup), made: backup.time, files: backup.files, seconds: (Date.now() - started) / 1000, check };
  };
  const tell = ({ message }: Error) => {
    const tried = { backup: backup ? shortId(backup) : "", made: backup?.time ?? "" };
    return writeRecord(owner, { ...record, time: now(), good: false, ...tried, why: message.split("\n")[0] ?? "" });
  };
  return andThen(() => orUndo(work, tell), held.close);
}

/** Restores into a volume that is removed in the end, and runs the check on it. */
async function tryOut(context: Context, settings: VolumeBackup, backup: Backup, onOpen: (ending: Ending) => void): Promise<string | null> {
  const { volume, target, check } = settings;
  const { owner, backups, declared } = context;
  await removeUnfinished(
    owner,
    volume,
    declared.volumes.map(({ name }) => name),
  );
  const scratch = await newVolume(owner, volume, "backup");
  return andThen(async () => {
    await restoreInto(owner, backups, backup, scratch.name, onOpen);
    return check ? runCheck(context, { volume, scratch: scratch.name, target, check }, onOpen) : null;
  }, scratch.remove);
}

interface Check {
  readonly volume: string;
  /** The engine's name of the volume with the restored data. */
  readonly scratch: string;
  readonly target: string;
  readonly check: readonly string[];
}

/** Runs the check in the live release's image, cut off from everything but the restored data. Returns its last line. */
async function runCheck({ owner, outputs }: Context, asked: Check, onOpen: (ending: Ending) => void): Promise<string> {
  const { volume, scratch, target, check } = asked;
  const settings = outputs.releases.find(({ name }) => name === outputs.release)?.settings;
  if (!settings) throw new UserError(`release ${outputs.release} is not in the ledger: npm run up`);
  const { restart: _, ...limits } = hardened({ ...settings.resources, cpuShares: CPU_SHARES });
  const env = { ...settings.env, PORT: settings.containerPort, BERTH_RELEASE: outputs.release };
  const spec = containerSpec(
    {
      ...limits,
      image: outputs.image,
      command: [...check],
      ...(settings.user !== "image" && { user: settings.user }),
      envs: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      labels: labelList(labels(owner, "backup", { [LABEL.doing]: "check", [LABEL.volume]: volume })),
      mounts: [{ type: "volume", source: scratch, target }],
    },
    settings.resources.pids,
  );
  const name = `${owner.project}-${owner.stack}-check-${randomBytes(3).toString("hex")}`;
  const container = await createContainer({ ...spec, HostConfig: { ...spec.HostConfig, NetworkMode: "none" } }, name);
  const remove = async () => void (await removeContainer(container));
  onOpen({ close: remove });
  return andThen(async () => {
    await startContainer(container);
    const code = await waitForContainer(container, PATIENCE).catch((error: unknown) => {
      if (error instanceof EngineError && error.failure === "silent") return undefined;
      throw error;
    });
    const last = (await logsOf(container, { tail: LINES })).split("\n").filter(Boolean).slice(-LINES);
    if (code === 0) return last.at(-1) ?? "";
    const how = code === undefined ? `took longer than ${PATIENCE / 60} min` : `failed with exit code ${code}`;
    throw new UserError([`the check of the restored data ${how}: ${check.join(" ")}`, ...last.map((line) => `  ${line}`)].join("\n"));
  }, remove);
}
