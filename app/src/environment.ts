import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

/** What the surroundings tell the app: everything that differs between two runs of one image. */
export interface Environment {
  /** Port to listen on. `PORT`, default: 8080. */
  readonly port: number;
  /** Address to listen on. `HOST`, default: 0.0.0.0, since in a container the network decides who can reach it. */
  readonly host: string;
  /** Folder of the notes, shared by all replicas. `DATA_DIR`, default: /data. */
  readonly dataDir: string;
  /**
   * File with the URL of a PostgreSQL database that holds the notes. `DATABASE_URL_FILE`, default: the secret
   * `database-url` where there is one. Without either the notes are in SQLite, in `dataDir`.
   */
  readonly databaseUrlFile: string | undefined;
  /** Folder whose file names `/about` lists. Always /run/secrets; tests use another. */
  readonly secretsDir: string;
  /** Name of the running release. `BERTH_RELEASE`, default: development. */
  readonly release: string;
  /** Name of this replica. `BERTH_REPLICA`, default: the host name, in a container its id. */
  readonly replica: string;
  /** Heading of the page. `GREETING`, default: Hello. */
  readonly greeting: string;
}

/** Reads the environment variables. An empty one counts as absent; a wrong one is an error, never a silent default. */
export function readEnvironment(variables: NodeJS.ProcessEnv = process.env, secretsDir = "/run/secrets"): Environment {
  const text = (name: string, otherwise: string): string => variables[name]?.trim() || otherwise;

  const port = text("PORT", "8080");
  const databaseSecret = join(secretsDir, "database-url");
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    throw new Error(`PORT is "${port}": set it to a number from 0 to 65535 (0: any free port)`);
  }
  return {
    port: Number(port),
    host: text("HOST", "0.0.0.0"),
    dataDir: text("DATA_DIR", "/data"),
    databaseUrlFile: text("DATABASE_URL_FILE", existsSync(databaseSecret) ? databaseSecret : "") || undefined,
    secretsDir,
    release: text("BERTH_RELEASE", "development"),
    replica: text("BERTH_REPLICA", hostname()),
    greeting: text("GREETING", "Hello"),
  };
}
