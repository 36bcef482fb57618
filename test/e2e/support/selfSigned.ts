/** A certificate for a gateway of a test, made on the spot. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Host that it is for. */
export const HOST = "notes.example.com";

/** Makes `<name>.pem` and `<name>.key` in the folder, and gives their texts. */
export function selfSigned(folder: string, name: string): { readonly certificate: string; readonly key: string } {
  const [pem, key] = ["pem", "key"].map((kind) => join(folder, `${name}.${kind}`)) as [string, string];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${HOST}/O=${name}`,
      "-addext",
      `subjectAltName=DNS:${HOST}`,
      "-keyout",
      key,
      "-out",
      pem,
    ],
    { stdio: "ignore" },
  );
  return { certificate: readFileSync(pem, "utf8"), key: readFileSync(key, "utf8") };
}
