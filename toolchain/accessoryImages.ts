import { chmod, chown, cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { AccessoryKind } from "../settings/accessoryKinds.ts";
import { aptObstacle } from "./apt.ts";
import { cacheKey } from "./cache.ts";
import { installDebian, packRootfs, stripDebian } from "./debian.ts";
import type { ProvidedImage } from "./image.ts";
import { packImage, type ImageConfig } from "./imageArchive.ts";
import type { Machine } from "./machine.ts";
import { run } from "./run.ts";
import { IMAGES, VERSIONS } from "./versions.ts";

/** The official images' number of the user that the database runs as. */
const USER = 999;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Where Debian keeps libraries. */
const LIBRARIES = `usr/lib/${process.arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu`;

/** One kind of image, as it is built from Debian's packages. */
interface Recipe {
  readonly name: string;
  readonly tag: string;
  /** Debian package; it brings a user of the name below. */
  readonly package: string;
  readonly user: string;
  /** Folders that this user owns, with their permission bits. No link may be on the way: it would lead out of the image. */
  readonly folders: Readonly<Record<string, number>>;
  /** What is in the package, and only makes the image larger. */
  readonly without: readonly string[];
  /** File in toolchain/ that becomes the entry point. */
  readonly entryPoint?: string;
  readonly config: Omit<ImageConfig, "Labels">;
}

const POSTGRES: Recipe = {
  name: "postgres image",
  tag: IMAGES.postgres,
  package: "postgresql-15",
  user: "postgres",
  // A tmpfs takes the bits of the folder below it
  folders: { "var/lib/postgresql": 0o755, "var/lib/postgresql/data": 0o700, "run/postgresql": 0o3777 },
  // A database that the package has made, and the compiler for long queries, which PostgreSQL does without where it is not there.
  without: [
    "var/lib/postgresql/15",
    "etc/postgresql/15",
    "usr/lib/postgresql/15/lib/bitcode",
    "usr/lib/postgresql/15/lib/llvmjit.so",
    `${LIBRARIES}/libLLVM-14.so.1`,
    `${LIBRARIES}/libz3.so.4`,
  ],
  entryPoint: "postgres-entrypoint.sh",
  config: {
    Env: [`PATH=${PATH}:/usr/lib/postgresql/15/bin`, "LANG=C.UTF-8", "PGDATA=/var/lib/postgresql/data/pgdata"],
    Entrypoint: ["docker-entrypoint.sh"],
    Cmd: ["postgres"],
    ExposedPorts: { "5432/tcp": {} },
    StopSignal: "SIGINT", // ends sessions; with SIGTERM PostgreSQL waits for them
  },
};

const REDIS: Recipe = {
  name: "redis image",
  tag: IMAGES.redis,
  package: "redis-server",
  user: "redis",
  folders: { data: 0o755 },
  without: ["etc/redis", "var/lib/redis"],
  config: { Env: [`PATH=${PATH}`], Cmd: ["redis-server"], ExposedPorts: { "6379/tcp": {} } },
};

const RECIPES = { postgres: POSTGRES, redis: REDIS };

/**
 * The image of an accessory. Built from packages it has what Berth uses of the official image: user, folders, variables,
 * first start. @param tag the image that is wanted; another version than Debian's can only be downloaded
 */
export function accessoryImage(machine: Machine, kind: AccessoryKind, tag: string = RECIPES[kind].tag): ProvidedImage {
  const recipe = RECIPES[kind];
  const entryPoint = recipe.entryPoint === undefined ? undefined : join(machine.root, "toolchain", recipe.entryPoint);
  return {
    name: recipe.name,
    tag,
    from: "built from Debian packages",
    typicalSeconds: 75,
    obstacle: async () =>
      (tag === recipe.tag ? undefined : `Debian's packages make ${recipe.tag} only`) ??
      aptObstacle() ??
      (process.platform === "linux" ? undefined : "it takes a Linux machine"),
    key: async () =>
      cacheKey("1", process.arch, VERSIONS.debian, JSON.stringify(recipe), entryPoint === undefined ? "" : await readFile(entryPoint)),
    build: async (folder, labels, report) => {
      const rootfs = join(folder, "rootfs");
      await installDebian(rootfs, ["ca-certificates", recipe.package], report);
      for (const path of recipe.without) await rm(join(rootfs, path), { recursive: true, force: true });
      await stripDebian(rootfs);
      await run("chroot", [rootfs, "groupmod", "--gid", String(USER), recipe.user]);
      await run("chroot", [rootfs, "usermod", "--uid", String(USER), "--gid", String(USER), recipe.user]);
      for (const [path, mode] of Object.entries(recipe.folders)) {
        await mkdir(join(rootfs, path), { recursive: true });
        await chown(join(rootfs, path), USER, USER);
        await chmod(join(rootfs, path), mode);
      }
      if (entryPoint !== undefined) {
        await mkdir(join(rootfs, "docker-entrypoint-initdb.d"));
        const program = join(rootfs, "usr/local/bin/docker-entrypoint.sh");
        await cp(entryPoint, program);
        await chmod(program, 0o755);
      }
      report("packing the image");
      await packRootfs(folder);
      await packImage(folder, tag, { ...recipe.config, Labels: labels }, new Date().toISOString());
    },
  };
}
