/** Where Pulumi keeps a stack's record: a folder, or a server that speaks S3. */
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "@20minutes/s3rver";

export interface Backend {
  /** What Pulumi needs to find it. */
  readonly env: NodeJS.ProcessEnv;
  /** Copies all records and locks, and returns the address of the copy. */
  copy(): Promise<string>;
  close(): Promise<void>;
}

export async function folderBackend(): Promise<Backend> {
  const folder = await mkdtemp(join(tmpdir(), "berth-backend-"));
  const [state, other] = [join(folder, "state"), join(folder, "copy")];
  await mkdir(state);
  return {
    env: { PULUMI_BACKEND_URL: `file://${state}` },
    copy: async () => {
      await cp(state, other, { recursive: true });
      return `file://${other}`;
    },
    close: () => rm(folder, { recursive: true }),
  };
}

/** A server in this process. */
export async function s3Backend(): Promise<Backend> {
  const directory = await mkdtemp(join(tmpdir(), "berth-s3-"));
  const server = new S3rver({
    address: "127.0.0.1",
    port: 0,
    directory,
    configureBuckets: [{ name: "state" }, { name: "copy" }],
    silent: true,
    vhostBuckets: false,
    allowMismatchedSignatures: true,
  });
  const { port } = await server.run();
  const url = (bucket: string) => `s3://${bucket}?endpoint=http://127.0.0.1:${port}&s3ForcePathStyle=true&region=us-east-1`;
  return {
    env: { PULUMI_BACKEND_URL: url("state"), AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" },
    copy: async () => {
      await cp(join(directory, "state"), join(directory, "copy"), { recursive: true });
      return url("copy");
    },
    close: async () => {
      await server.close();
      await rm(directory, { recursive: true });
    },
  };
}
