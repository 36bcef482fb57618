/**
 * A container in which restic works for one volume. Its name is the volume's, so there is never a second one; it lives
 * as long as the command that opened it, and a release does not touch it. The password and the credentials go in by
 * standard input and are kept in memory: in no argument, environment, label or file of the engine.
 */
import { randomBytes } from "node:crypto";
import { EngineError } from "../../docker/engineError.ts";
import { findContainer, listContainers, type ListedContainer, removeContainer, type Result } from "../../engine/containers.ts";
import { engineInfo } from "../../engine/engine.ts";
import { partIs, LABEL, ownedBy, type Owner } from "../../release/labels.ts";
import type { BackupsSettings } from "../../settings/settings.ts";
import { UserError } from "../shared/cli.ts";
import { newHost } from "./hosts.ts";
import { freed } from "./locks.ts";
import { EXIT, explain } from "./resticErrors.ts";
import { begin, READ_SECRETS } from "./session.ts";
import { alwaysWords, SECRETS, type WorkspaceOptions, workspaceSpec } from "./workspaceSpec.ts";
import { watchedExec } from "./watchedExec.ts";

/** Takes the secrets, waits until the command that opened it ends or dies, and then lets restic take its locks away. */
const MAIN = `${READ_SECRETS}
echo ready
read -r _
kill -INT -1
i=0; while [ $i -lt 100 ] && pidof restic > /dev/null; do sleep 0.1; i=$((i+1)); done`;
const RESTIC = `. ${SECRETS}/environment; exec restic "$@"`;
/** So long a lock of somebody who is at work is waited for. */
const RETRY = ["--retry-lock", "6m"];

/** Another command works on the same volume's backups. */
export class Busy extends UserError {}

export interface ResticOptions {
  /** Told each line of its standard output. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Seconds that may pass without a sign of progress. Default: 900. */
  readonly idle?: number | undefined;
}

export interface Workspace {
  /** Runs restic. A lock in its way that nobody holds is taken away, another one is waited for. @throws UserError where it stands still */
  tryRestic(words: readonly string[], options?: ResticOptions): Promise<Result>;
  /** Like `tryRestic`, for what must succeed. @throws UserError */
  restic(words: readonly string[], options?: ResticOptions): Promise<string>;
  /** Runs another program of the image. @throws UserError */
  run(...words: string[]): Promise<string>;
  /** Ends what is at work, and the container. @throws EngineError where it stays */
  readonly close: () => Promise<void>;
}

/** Name of the container that works on a volume's backups. */
export const workspaceName = ({ project, stack }: Owner, volume: string): string => `${project}-${stack}-backup-${volume}`;

/** Opens one. @throws Busy where another one works on the same volume @throws UserError where the target is not there */
export async function openWorkspace(owner: Owner, backups: BackupsSettings, options: WorkspaceOptions): Promise<Workspace> {
  const { target } = backups;
  const name =
    options.volume === undefined
      ? `${workspaceName(owner, "look")}-${randomBytes(3).toString("hex")}`
      : workspaceName(owner, options.volume);
  const info = await engineInfo();
  await removeEnded(owner, Date.parse(info.SystemTime));
  const spec = workspaceSpec(owner, backups, options, { host: newHost(info), script: MAIN });
  const session = await begin(name, spec, backups).catch(async (error: unknown) => {
    if (!(error instanceof EngineError)) throw error;
    const { status, words } = error;
    const isTaken = status === 409 && /already in use/.test(words);
    if (isTaken) throw new Busy(`volume ${options.volume} is being worked on: ${await whatRuns(name)}`);
    if (/bind source path does not exist/.test(words)) {
      const gone = `berth:backups.target ${target} does not exist on the engine's host`;
      throw new UserError(`${gone}: make the folder, or mount the disk that it is on`);
    }
    throw new UserError(`the container for ${options.what} could not be started: ${error.message}`);
  });
  await session.ready();
  const always = alwaysWords(backups);
  const once = (restic: readonly string[], resticOptions: ResticOptions) =>
    watchedExec(name, ["/bin/sh", "-c", RESTIC, "restic", ...always, ...restic], { target, ...resticOptions });

  const workspace: Workspace = {
    async tryRestic(restic, resticOptions = {}) {
      const first = await once(restic, resticOptions);
      if (first.code !== EXIT.locked) return first;
      const again = (wait: boolean) => once([...restic, ...(wait ? RETRY : [])], resticOptions);
      return freed({ owner, backups, once: (words) => once(words, {}), again });
    },
    async restic(restic, resticOptions) {
      const { code, stdout, stderr } = await workspace.tryRestic(restic, resticOptions);
      if (code !== 0) throw new UserError(explain(code, stderr, target));
      return stdout.trim();
    },
    async run(...program) {
      const { code, stdout, stderr } = await watchedExec(name, program, { target });
      if (code !== 0) throw new UserError(`${program[0]}: ${(stderr || stdout).trim()}`);
      return stdout.trim();
    },
    close: () => session.end(),
  };
  return workspace;
}

/** A container that is made is started at once: after so many milliseconds nobody will. */
const STARTED_WITHIN = 60_000;

/** Removes what commands have left that were killed before they started it, and what an engine that was cut off has left. */
async function removeEnded(owner: Owner, now: number): Promise<void> {
  const found = await listContainers(ownedBy(owner, partIs("backup")), { all: true });
  for (const container of found) if (hasEnded(container, now)) await removeContainer(container.Id);
}

/** The check of a drill does not remove itself: its drill reads what it has said. */
const hasEnded = ({ State, Created, Labels }: ListedContainer, now: number): boolean =>
  (["exited", "dead"].includes(State) && Labels[LABEL.doing] !== "check") || (State === "created" && now - Created * 1000 > STARTED_WITHIN);

async function whatRuns(name: string): Promise<string> {
  const found = await findContainer(name);
  if (found === undefined) return `container ${name}`;
  const doing = found.Config.Labels[LABEL.doing];
  if (found.State.Status === "created")
    return `${doing}, which starts, or was killed and is out of the way in a minute (container ${name})`;
  return `${doing} since ${found.State.StartedAt} in container ${name}`;
}
