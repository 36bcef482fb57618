/** A container's log that is read on from where it ended: nothing comes twice, and nothing is missed. */
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { EngineError } from "../docker/engineError.ts";
import { framesOf } from "../docker/frames.ts";
import { findContainer, lineSink, openLogs } from "./containers.ts";

/** Seconds without the log after which it counts as one that cannot be followed. */
const PATIENCE = 30;

/** Milliseconds until it is opened again. */
const PAUSE = 250;

/** A log that stayed open for so many milliseconds was followed, also where nothing was written. */
const FOLLOWED = 1000;

/** The engine puts it before each piece, also before one in the middle of a long line. Its width is fixed: text is in the order of time. */
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z /;

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Whether the log of a container that has ended is one that is away, as a gateway's. Default: false, it is at its end. */
  readonly endless?: boolean;
  /** Seconds that the log may be away. Default: 30. */
  readonly patience?: number;
}

export class ContainerLog {
  private readonly container: string;
  private readonly lines: { readonly [output in "stdout" | "stderr"]: ReturnType<typeof lineSink> };
  /** When the newest piece was written, as the engine has it. */
  private newest = "";

  /** @param tell is told each line */
  constructor(container: string, tell: (line: string) => void) {
    this.container = container;
    this.lines = { stdout: lineSink(tell), stderr: lineSink(tell) };
  }

  /** Tells the lines that are there and were not told. @param tail so many of them, at the end. Default: all @throws EngineError */
  async read(tail?: number): Promise<void> {
    const options = { ...this.since(), ...(tail !== undefined && { tail }), timestamps: true };
    await this.take(await openLogs(this.container, options, false, PATIENCE));
  }

  /**
   * Tells what comes after what was told, until the container has ended or the signal comes. A log that the engine ends, or a
   * connection that breaks, is opened again. @throws EngineError where that does not help for a while
   */
  async follow({ signal, endless = false, patience = PATIENCE }: FollowOptions): Promise<void> {
    let away: number | undefined;
    while (!signal.aborted) {
      const [opened, before] = [Date.now(), this.newest];
      const why = await this.followOnce(signal, endless);
      if (why === undefined) break;
      if (this.newest !== before || Date.now() - opened > FOLLOWED) away = undefined;
      away ??= Date.now();
      if (Date.now() - away > patience * 1000) {
        throw new EngineError(`the log of container ${this.container} could not be followed for ${patience} s: ${why}`, "broken");
      }
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    }
    for (const sink of Object.values(this.lines)) sink.end();
  }

  /** Returns why it has to be opened again; undefined where it is at its end. @throws EngineError where the engine refuses it */
  private async followOnce(signal: AbortSignal, endless: boolean): Promise<string | undefined> {
    try {
      await this.take(await openLogs(this.container, { ...this.since(), timestamps: true, signal }, true));
      const over = await hasEnded(this.container);
      return over && !endless ? undefined : over ? "the container has ended" : "the engine ends it";
    } catch (error) {
      if (!(error instanceof EngineError) || (error.failure === "refused" && !signal.aborted)) throw error;
      return error.message;
    }
  }

  /** The newest piece comes again: the engine takes no more digits than a number has. */
  private since(): { readonly since?: number } {
    return this.newest === "" ? {} : { since: Date.parse(`${this.newest.slice(0, 23)}Z`) / 1000 };
  }

  private async take(stream: Readable): Promise<void> {
    const told = this.newest;
    try {
      for await (const { from, bytes } of framesOf(stream)) {
        const time = TIME.exec(bytes.toString("latin1", 0, 40))?.[0] ?? "";
        if (time !== "" && time <= told) continue;
        if (time > this.newest) this.newest = time;
        this.lines[from].write(bytes.subarray(time.length));
      }
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw new EngineError(`the log of container ${this.container} broke off: ${(error as Error).message}`, "broken");
    }
  }
}

async function hasEnded(container: string): Promise<boolean> {
  const found = await findContainer(container);
  return found === undefined || ["exited", "dead", "created", "removing"].includes(found.State.Status);
}
