/** A container that lives as long as its connection, and reads its secrets from it. */
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "../../docker/engineError.ts";
import { framesOf } from "../../docker/frames.ts";
import type { ContainerSpec } from "../../engine/containers.ts";
import { attachStdin, createContainer, removeContainer, startContainer, waitForRemoval } from "../../engine/containers.ts";
import type { BackupsSettings } from "../../settings/settings.ts";
import { orUndo } from "../shared/cleanUp.ts";
import { UserError } from "../shared/cli.ts";
import { SECRETS, secretLines } from "./workspaceSpec.ts";

/** Seconds from the start until the container has its secrets, and from the end of its input until it is gone. */
const PATIENCE = 60;

/** What the script of such a container begins with. */
export const READ_SECRETS = `umask 077
while read -r name value && [ "$name" != end ]; do printf %s "$value" | base64 -d > ${SECRETS}/"$name"; done`;

export interface Session {
  /** Settles once the container says that it is ready. @throws UserError where it does not within a minute, or ends before */
  ready(): Promise<void>;
  /** Settles with what it has printed, once it has ended by itself. */
  readonly ended: Promise<string>;
  /** Ends its input, and so itself. Settles once it is gone. @throws EngineError where it stays */
  readonly end: () => Promise<void>;
}

/** Makes and starts one. @throws EngineError, with status 409 where there is one of that name */
export async function begin(name: string, spec: ContainerSpec, backups: BackupsSettings): Promise<Session> {
  const id = await createContainer(spec, name);
  let connection: Duplex | undefined;
  const attached = await orUndo(
    async () => {
      connection = await attachStdin(id); // before the start: it misses nothing
      await startContainer(id);
      connection.write(secretLines(backups));
      return connection;
    },
    async () => {
      connection?.destroy();
      await removeContainer(id);
    },
  );
  let said = "";
  let isReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  attached.on("error", () => undefined); // its end tells
  const ended = (async () => {
    for await (const { bytes } of framesOf(attached)) {
      said += bytes.toString();
      if (/^ready$/m.test(said)) isReady();
    }
  })().then(
    () => said,
    () => said,
  );
  const end = async (): Promise<void> => {
    attached.end();
    await waitForRemoval(id, PATIENCE).catch(async (error: unknown) => {
      if (!(error instanceof EngineError) || error.failure !== "silent") throw error;
      await removeContainer(id);
    });
  };
  return {
    ended,
    end,
    ready: () =>
      orUndo(async () => {
        const late = new AbortController();
        const tooLate = sleep(PATIENCE * 1000, "late", { signal: late.signal }).catch(() => "late");
        const outcome = await Promise.race([ready, ended.then(() => "ended"), tooLate]);
        late.abort();
        if (outcome === "ended") throw new UserError(`container ${name} ended before it was ready: ${said.trim()}`);
        if (outcome === "late") throw new UserError(`container ${name} was not ready within ${PATIENCE} s: ${said.trim()}`);
      }, end),
  };
}
