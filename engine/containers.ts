/** Containers: made, started, looked at, asked to work, and removed. */
import type { Duplex, Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { framesOf, type Piece } from "../docker/frames.ts";
import { EngineError } from "../docker/engineError.ts";
import { engine } from "./engine.ts";

/** What the engine matches by, such as `{ label: ["berth.stack=dev"], status: ["running"] }`. */
export type Filters = Readonly<Record<string, readonly string[]>>;

/** A container as the engine knows it; of the many fields those that are read. */
export interface Container {
  readonly Id: string;
  /** Led by "/". */
  readonly Name: string;
  /** Id of its image. */
  readonly Image: string;
  readonly Created: string;
  readonly RestartCount: number;
  readonly State: {
    /** created, running, paused, restarting, removing, exited or dead. */
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly Health?: { readonly Status: string; readonly Log?: readonly { readonly ExitCode: number; readonly Output: string }[] };
  };
  readonly Config: {
    readonly Image: string;
    readonly Env: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>>;
    readonly User: string;
  };
  readonly HostConfig: { readonly Memory: number; readonly NanoCpus: number; readonly PidsLimit: number | null };
  readonly Mounts: readonly {
    readonly Type: string;
    readonly Name?: string;
    readonly Source: string;
    readonly Destination: string;
    readonly RW: boolean;
  }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/** A container in a list. */
export interface ListedContainer {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly Labels: Readonly<Record<string, string>>;
  /** Seconds since 1970. */
  readonly Created: number;
  /** created, running, paused, … */
  readonly State: string;
  /** In words, such as "Up 2 hours (healthy)". */
  readonly Status: string;
}

/** The name of a listed container. Pure. */
export const nameOf = ({ Names }: Pick<ListedContainer, "Names">): string => (Names[0] ?? "").replace(/^\//, "");

/** Containers that run, or all of them. @throws EngineError */
export const listContainers = (filters: Filters, { all = false } = {}): Promise<ListedContainer[]> =>
  engine().ask<ListedContainer[]>({ path: "/containers/json", query: { all, filters }, what: "a list of containers" });

/** The container; undefined where there is none of that name or id. @throws EngineError */
export const findContainer = (name: string): Promise<Container | undefined> =>
  engine().askIfThere<Container>({ path: `/containers/${encodeURIComponent(name)}/json`, what: `container ${name}` });

/** @throws EngineError also where there is none of that name or id */
export const getContainer = (name: string): Promise<Container> =>
  engine().ask<Container>({ path: `/containers/${encodeURIComponent(name)}/json`, what: `container ${name}` });

/** These containers, less those that are gone. @throws EngineError */
export const findContainers = async (names: readonly string[]): Promise<Container[]> =>
  (await Promise.all(names.map(findContainer))).filter((found) => found !== undefined);

/** A container to be made, in the engine's own words; see `containerSpec` for one that Pulumi describes. */
export interface ContainerSpec {
  readonly Image: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  /** Default: the beginning of its id. */
  readonly Hostname?: string;
  readonly OpenStdin?: boolean;
  readonly StdinOnce?: boolean;
  readonly AttachStdin?: boolean;
  /** Default: SIGTERM. */
  readonly StopSignal?: string;
  readonly HostConfig?: HostConfig;
}

export interface HostConfig {
  readonly AutoRemove?: boolean;
  readonly NetworkMode?: string;
  readonly Mounts?: readonly Mount[];
  readonly CapAdd?: readonly string[];
  readonly CapDrop?: readonly string[];
  readonly SecurityOpt?: readonly string[];
  readonly ReadonlyRootfs?: boolean;
  readonly Tmpfs?: Readonly<Record<string, string>>;
  readonly Init?: boolean;
  readonly IpcMode?: string;
  readonly NanoCpus?: number;
  readonly CpuShares?: number;
  /** Bytes. */
  readonly Memory?: number;
  readonly MemorySwap?: number;
  readonly PidsLimit?: number;
  readonly LogConfig?: { readonly Type: string; readonly Config: Readonly<Record<string, string>> };
}

export interface Mount {
  readonly Type: "bind" | "volume";
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
}

/** Seconds for what makes the engine work: a container on a busy host. */
const WORK = 60;

/**
 * Makes a container and returns its id.
 * @param name default: the engine's choice
 * @throws EngineError, with status 409 where the name is taken
 */
export async function createContainer(spec: ContainerSpec, name?: string): Promise<string> {
  const { Id } = await engine().ask<{ Id: string }>(
    { method: "POST", path: "/containers/create", query: { name }, body: spec, what: `a new container ${name ?? `of ${spec.Image}`}` },
    { seconds: WORK },
  );
  return Id;
}

const act = async (
  name: string,
  verb: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
  seconds = WORK,
  body?: object,
): Promise<void> => {
  await engine().ask(
    {
      method: "POST",
      path: `/containers/${encodeURIComponent(name)}/${verb}`,
      query,
      ...(body && { body }),
      what: `to ${verb} container ${name}`,
    },
    { seconds },
  );
};

/**
 * A connection to a container's standard input, whose other direction is what it prints, in frames. Made before the start, it is
 * there from the first byte. Whoever takes it reads it: only a reader learns that the container is gone. @throws EngineError
 */
export const attachStdin = (name: string): Promise<Duplex> =>
  engine().hijack({
    method: "POST",
    path: `/containers/${encodeURIComponent(name)}/attach`,
    query: { stream: true, stdin: true, stdout: true, stderr: true },
    what: `the standard input of container ${name}`,
  });

/** Without effect on one that runs. @throws EngineError */
export const startContainer = (name: string): Promise<void> => act(name, "start");

/** Without effect on one that does not run. @param grace seconds until it is killed @throws EngineError */
export const stopContainer = (name: string, grace: number): Promise<void> =>
  act(name, "stop", { t: Math.ceil(grace) }, Math.ceil(grace) + WORK);

/** @param grace seconds until it is killed. Default: the container's own, 10 s @throws EngineError */
export const restartContainer = (name: string, grace?: number): Promise<void> => act(name, "restart", { t: grace }, (grace ?? 10) + WORK);

/** @throws EngineError */
export const pauseContainer = (name: string): Promise<void> => act(name, "pause");
/** @throws EngineError */
export const unpauseContainer = (name: string): Promise<void> => act(name, "unpause");
/** @throws EngineError */
export const renameContainer = (name: string, next: string): Promise<void> => act(name, "rename", { name: next });

/** Sets limits of a container that may run. @throws EngineError */
export const updateContainer = (
  name: string,
  limits: Pick<HostConfig, "Memory" | "MemorySwap" | "NanoCpus" | "PidsLimit">,
): Promise<void> => act(name, "update", {}, WORK, limits);

/** Removes a container, and kills it where it runs. Returns whether there was one. @throws EngineError */
export async function removeContainer(name: string): Promise<boolean> {
  try {
    return await engine().askWhether(
      {
        method: "DELETE",
        path: `/containers/${encodeURIComponent(name)}`,
        query: { force: true, v: true },
        what: `to remove container ${name}`,
      },
      { seconds: WORK },
    );
  } catch (error) {
    if (error instanceof EngineError && error.status === 409 && /already in progress/.test(error.words)) return true;
    throw error;
  }
}

/** Waits for a container's end; returns its exit code. @param seconds deadline @throws EngineError, "silent" where it runs on */
export async function waitForContainer(name: string, seconds: number, signal?: AbortSignal): Promise<number> {
  const { StatusCode } = await engine().ask<{ StatusCode: number }>(
    { method: "POST", path: `/containers/${encodeURIComponent(name)}/wait`, what: `the end of container ${name}` },
    { seconds, signal },
  );
  return StatusCode;
}

/**
 * Waits until a container that removes itself at its end is gone; one that is not there is gone.
 * @param seconds deadline
 * @throws EngineError, "silent" where it is still there
 */
export async function waitForRemoval(name: string, seconds: number): Promise<void> {
  await engine().askWhether(
    {
      method: "POST",
      path: `/containers/${encodeURIComponent(name)}/wait`,
      query: { condition: "removed" },
      what: `the end of container ${name}`,
    },
    { seconds },
  );
}

export interface LogOptions {
  /** So many last lines. Default: all. */
  readonly tail?: number;
  /** From this time on, in seconds since 1970, with a fraction. Default: the beginning. */
  readonly since?: number;
  /** Whether each line is led by the time it was written. Default: false. */
  readonly timestamps?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A log in the engine's frames; of a followed one, `idle` seconds may pass without a byte. @throws EngineError until it begins */
export const openLogs = (
  name: string,
  { tail, since, timestamps = false, signal }: LogOptions,
  follow: boolean,
  idle?: number,
): Promise<Readable> =>
  engine().open(
    {
      path: `/containers/${encodeURIComponent(name)}/logs`,
      query: {
        stdout: true,
        stderr: true,
        follow,
        timestamps,
        ...(tail !== undefined && { tail }),
        ...(since !== undefined && { since: since.toFixed(9) }),
      },
      what: `the log of container ${name}`,
    },
    { signal, idle },
  );

/** What a container wrote, both outputs as they came. @throws EngineError */
export async function logsOf(name: string, options: LogOptions = {}): Promise<string> {
  const decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() };
  let text = "";
  for await (const { from, bytes } of piecesOf(await openLogs(name, options, false, WORK), `the log of container ${name}`))
    text += decoders[from].write(bytes);
  return text;
}

/**
 * The lines that a container wrote, one after the other as they are asked for: a log of any size takes no memory.
 * @param follow whether those to come are waited for, until it ends @throws EngineError
 */
export async function* logLines(
  name: string,
  { follow = false, ...options }: LogOptions & { readonly follow?: boolean } = {},
): AsyncGenerator<string> {
  let whole: string[] = [];
  const lines = { stdout: lineSink((line) => whole.push(line)), stderr: lineSink((line) => whole.push(line)) };
  const stream = await openLogs(name, options, follow, follow ? undefined : WORK);
  for await (const { from, bytes } of piecesOf(stream, `the log of container ${name}`)) {
    lines[from].write(bytes);
    yield* whole;
    whole = [];
  }
  for (const sink of Object.values(lines)) sink.end();
  yield* whole;
}

/** The pieces of a stream. @throws EngineError where it breaks */
async function* piecesOf(stream: Readable, what: string): AsyncGenerator<Piece> {
  try {
    yield* framesOf(stream);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const { host } = engine().address;
    throw new EngineError(
      `the connection to the Docker engine at ${host} broke (${(error as Error).message}): asked for ${what}`,
      "broken",
    );
  }
}

/** The lines that a container writes, until it ends or the signal comes. @throws EngineError */
export async function followLogs(
  name: string,
  options: LogOptions,
  onLine: (line: string, from: "stdout" | "stderr") => void,
): Promise<void> {
  const lines = { stdout: lineSink((line) => onLine(line, "stdout")), stderr: lineSink((line) => onLine(line, "stderr")) };
  try {
    for await (const { from, bytes } of piecesOf(await openLogs(name, options, true), `the log of container ${name}`))
      lines[from].write(bytes);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
  } finally {
    for (const sink of Object.values(lines)) sink.end();
  }
}

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  /** Deadline, in seconds. The program goes on in the container where it is missed. */
  readonly seconds: number;
  readonly signal?: AbortSignal | undefined;
  /** Told each line as it comes; the result has it as well. */
  readonly onLine?: (line: string, from: "stdout" | "stderr") => void;
}

/**
 * Runs a program in a container; a bad exit code is a result.
 * @throws EngineError where the engine does not run it, or its end is not known by the deadline
 */
export async function execIn(container: string, words: readonly string[], { seconds, signal, onLine }: ExecOptions): Promise<Result> {
  const what = `to run ${words.slice(0, 2).join(" ")} in container ${container}`;
  const late = AbortSignal.timeout(seconds * 1000);
  const end = signal ? AbortSignal.any([late, signal]) : late;
  const { Id } = await engine().ask<{ Id: string }>(
    {
      method: "POST",
      path: `/containers/${encodeURIComponent(container)}/exec`,
      body: { AttachStdout: true, AttachStderr: true, Cmd: words },
      what,
    },
    { signal },
  );
  const text = { stdout: "", stderr: "" };
  const decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() };
  const lines = onLine && { stdout: lineSink((line) => onLine(line, "stdout")), stderr: lineSink((line) => onLine(line, "stderr")) };
  try {
    const output = await engine().open(
      { method: "POST", path: `/exec/${Id}/start`, body: { Detach: false, Tty: false }, what },
      { signal: end },
    );
    for await (const { from, bytes } of framesOf(output)) {
      text[from] += decoders[from].write(bytes);
      lines?.[from].write(bytes);
    }
  } catch (error) {
    if (late.aborted && !signal?.aborted)
      throw new EngineError(
        `${words.slice(0, 2).join(" ")} in container ${container} did not end within ${seconds} s (asked of the Docker engine at ${engine().address.host})`,
        "silent",
      );
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      `the connection to the Docker engine at ${engine().address.host} broke (${(error as Error).message}): asked ${what}`,
      "broken",
    );
  } finally {
    for (const sink of Object.values(lines ?? {})) sink.end();
  }
  const { ExitCode, Running } = await engine()
    .ask<{ ExitCode: number | null; Running: boolean }>(
      { path: `/exec/${Id}/json`, what: `how ${words[0]} in container ${container} ended` },
      { signal },
    )
    .catch((error: unknown) => {
      // It has run all the same
      if (error instanceof EngineError && error.failure === "refused") throw new EngineError(error.message, "broken");
      throw error;
    });
  if (Running || ExitCode === null)
    throw new EngineError(
      `how ${words.slice(0, 2).join(" ")} in container ${container} ended cannot be known: its output has ended, and it runs on`,
      "broken",
    );
  return { code: ExitCode, ...text };
}

/** Takes bytes and tells whole lines at once; what is left at the end is a line, too. */
export function lineSink(onLine: (line: string) => void): { write(bytes: Buffer): void; end(): void } {
  const decoder = new StringDecoder();
  const tell = (line: string) => onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  let rest = "";
  return {
    write(bytes) {
      const [first = "", ...more] = decoder.write(bytes).split("\n");
      rest += first;
      for (const part of more) {
        tell(rest);
        rest = part;
      }
    },
    end() {
      rest += decoder.end();
      if (rest !== "") tell(rest);
      rest = "";
    },
  };
}
