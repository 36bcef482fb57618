/** What there is to know of each kind of accessory. Pure. */
import type * as docker from "@pulumi/docker";

export const ACCESSORY_KINDS = ["postgres", "redis"] as const;
export type AccessoryKind = (typeof ACCESSORY_KINDS)[number];

export interface AccessoryFacts {
  /** Version in the tag of the image, where the configuration names none. */
  readonly version: string;
  /** Port that it listens on, in the stack's network. */
  readonly port: number;
  /** Where its data volume is mounted. */
  readonly target: string;
  /** Container inputs that only this kind has. */
  readonly container: Pick<docker.ContainerArgs, "command" | "stopSignal"> & {
    readonly envs: string[];
    readonly tmpfs: Readonly<Record<string, number>>;
  };
  /** Words of a program in the container that exits with 0 while a client with the password is served. */
  readonly check: readonly string[];
  /** Words of a program in the container that puts the data in a state that a copy of the volume can be restored from. */
  readonly backup: readonly string[];
  /** Folder of the volume that a backup leaves out. Default: none. */
  readonly leaveOut?: string;
  /** Files in `/run/secrets` of the accessory. */
  files(password: string): Record<string, string>;
  /** What the app finds in `/run/secrets/<name>-url`. */
  url(host: string, password: string): string;
}

/** The official images' user of the database. */
export const ACCESSORY_USER = 999;
/** Name of the database and of its user. */
const APP = "app";
const SECRETS = "/run/secrets";
const POSTGRES_DATA = "/var/lib/postgresql/data";
const DUMP = `${POSTGRES_DATA}/backup/${APP}.dump`;
const redisCli = `REDISCLI_AUTH="$(cat ${SECRETS}/password)" redis-cli --no-auth-warning`;

export const ACCESSORIES: Readonly<Record<AccessoryKind, AccessoryFacts>> = {
  postgres: {
    version: "15",
    port: 5432,
    target: POSTGRES_DATA,
    container: {
      command: ["postgres", "-c", "listen_addresses=*"],
      envs: [
        `PGDATA=${POSTGRES_DATA}/pgdata`, // a folder of its own, beside that of the dump
        `POSTGRES_DB=${APP}`,
        "POSTGRES_INITDB_ARGS=--encoding=UTF8 --locale=C.UTF-8 --data-checksums",
        `POSTGRES_PASSWORD_FILE=${SECRETS}/password`,
        `POSTGRES_USER=${APP}`,
      ],
      tmpfs: { "/var/run/postgresql": 16 },
      stopSignal: "SIGINT", // ends sessions; with SIGTERM it would wait for them
    },
    // At its address in the stack's network, so that it is asked as the app asks: on the others it wants no password.
    check: [
      "sh",
      "-c",
      `PGPASSWORD="$(cat ${SECRETS}/password)" psql --host="$(hostname)" --username=${APP} --dbname=${APP} --quiet --no-align --tuples-only --command="SELECT 1"`,
    ],
    backup: [
      "sh",
      "-ec",
      `mkdir -p ${POSTGRES_DATA}/backup; pg_dump --username=${APP} --dbname=${APP} --format=custom --file=${DUMP}.new; mv ${DUMP}.new ${DUMP}`,
    ],
    leaveOut: "pgdata",
    // The image runs *.sh when it makes a new database: one whose volume came from a backup begins with the dump in it.
    files: (password) => ({
      password,
      "restore.sh": `if [ -f ${DUMP} ]; then pg_restore --username=${APP} --dbname=${APP} --no-owner --exit-on-error ${DUMP}; fi\n`,
    }),
    url: (host, password) => `postgres://${APP}:${password}@${host}:5432/${APP}`,
  },
  redis: {
    version: "7",
    port: 6379,
    target: "/data",
    container: { command: ["redis-server", `${SECRETS}/redis.conf`], envs: [], tmpfs: {} },
    check: ["sh", "-c", `test "$(${redisCli} ping)" = PONG`],
    // A new base of the append-only file: what is appended while it is copied may be cut off at its end, and Redis knows how to read that.
    backup: [
      "sh",
      "-ec",
      `${redisCli} bgrewriteaof; while ${redisCli} info persistence | grep -q "aof_rewrite_in_progress:1\\|aof_rewrite_scheduled:1"; do sleep 0.2; done; ${redisCli} info persistence | grep -q aof_last_bgrewrite_status:ok`,
    ],
    files: (password) => ({ password, "redis.conf": `bind * -::*\nrequirepass ${password}\ndir /data\nappendonly yes\n` }),
    url: (host, password) => `redis://:${password}@${host}:6379/0`,
  },
};

/** How the volume of an accessory is backed up: what its own program has written down, and nothing that changes meanwhile. */
export const backupOf = (kind: AccessoryKind) => {
  const { backup, leaveOut } = ACCESSORIES[kind];
  return { preHook: backup, ...(leaveOut && { leaveOut }) };
};

/** Tag of the image. */
export const accessoryImage = (kind: AccessoryKind, version: string): string => `${kind}:${version}-bookworm`;

/** Name of an accessory's data volume, in the configuration's words. */
export const dataOf = (accessory: string): string => `${accessory}-data`;

/** Name of the secret that tells the app where an accessory is. */
export const urlSecret = (accessory: string): string => `${accessory}-url`;
