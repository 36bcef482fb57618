/** Where Pulumi keeps the state, where that is a folder. */
import { homedir } from "node:os";
import { resolve } from "node:path";
import { parse } from "yaml";
import { readBackendFacts } from "../toolchain/environment.ts";

/** The folder of a file backend's address; undefined for any other backend. Pure. */
export function backendFolder(url: string | undefined, root: string, home = homedir()): string | undefined {
  if (!url?.startsWith("file://")) return undefined;
  const path = url.slice("file://".length).replace(/\?.*$/, "");
  return resolve(root, path.replace(/^~(?=\/|$)/, home));
}

/** The folder that holds Pulumi's state; undefined where the backend is not a folder. */
export async function stateFolder({ root, env }: { readonly root: string; readonly env: NodeJS.ProcessEnv }): Promise<string | undefined> {
  const url = env["PULUMI_BACKEND_URL"];
  if (url !== undefined) return backendFolder(url, root);
  const { credentials, project } = await readBackendFacts(root);
  const ofProject = (parse(project ?? "") as { backend?: { url?: string } } | null)?.backend?.url;
  if (ofProject !== undefined) return backendFolder(ofProject, root);
  return backendFolder((JSON.parse(credentials ?? "{}") as { current?: string }).current, root);
}
