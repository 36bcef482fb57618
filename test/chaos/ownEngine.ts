/** A Docker engine of a test's own, which it may restart: Debian's, in a network namespace beside the machine's. Root only. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Daemon, pidFile, startDaemon, stopDaemon } from "../../toolchain/dockerd.ts";
import { joinNetwork, leaveNetwork, namespacePath, type EngineNetwork } from "../../toolchain/engineNetwork.ts";

export class OwnEngine {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** Ports that it publishes on 0.0.0.0 answer here, also after a restart. */
  readonly address: string;
  readonly #daemon: Daemon;
  readonly #network: EngineNetwork;

  private constructor(daemon: Daemon, network: EngineNetwork, address: string) {
    this.#daemon = daemon;
    this.#network = network;
    this.host = daemon.host;
    this.address = address;
  }

  static async start(): Promise<OwnEngine> {
    const folder = await mkdtemp(join(tmpdir(), "berth-engine-"));
    const id = basename(folder).slice(-6).toLowerCase();
    const network = { name: `berth-own-${id}`, link: `bown${id}` };
    const engine = new OwnEngine({ folder, host: `unix://${join(folder, "docker.sock")}` }, network, await joinNetwork(network));
    try {
      await engine.#run();
      return engine;
    } catch (error) {
      await engine.remove();
      throw error;
    }
  }

  /** Stops it, and its containers with it, and starts it again: those that should run come back by themselves. */
  async restart(): Promise<void> {
    await stopDaemon(this.#daemon);
    await this.#run();
  }

  /** Stops it and removes all that was in it. */
  async remove(): Promise<void> {
    await stopDaemon(this.#daemon);
    await leaveNetwork(this.#network);
    await rm(this.#daemon.folder, { recursive: true, force: true });
  }

  async #run(): Promise<void> {
    const { folder, host } = this.#daemon;
    const options = [
      "--data-root",
      join(folder, "data"),
      "--exec-root",
      join(folder, "exec"),
      "--pidfile",
      pidFile(this.#daemon),
      "--host",
      host,
    ];
    // A /run of its own keeps it from the other engine's containerd; `ip netns exec` would lose the cgroup mounts.
    const start = 'mount -t tmpfs tmpfs /run && exec dockerd "$@"';
    const namespaces = [`--net=${namespacePath(this.#network)}`, "unshare", "--mount", "--uts"];
    await startDaemon(this.#daemon, ["nsenter", ...namespaces, "sh", "-c", start, "dockerd", ...options], []);
  }
}
