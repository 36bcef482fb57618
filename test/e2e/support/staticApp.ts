/** A small app as one static binary in an image with nothing else. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Checkout } from "./checkout.ts";

const PROGRAM = `package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	late, _ := time.ParseDuration(os.Getenv("LATE"))
	fmt.Println("listening in", late)
	time.Sleep(late)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "static ", os.Getenv("GREETING")) })
	if err := http.ListenAndServe(":"+os.Getenv("PORT"), nil); err != nil {
		panic(err)
	}
}
`;

/** Why a static binary cannot be made here; undefined where it can. */
export function whyNoStaticApp(): string | undefined {
  try {
    execFileSync("go", ["version"]);
    return undefined;
  } catch {
    return "skipped: there is no Go on this machine to build a static binary with";
  }
}

/** Puts the binary and a Dockerfile into a folder of the checkout. */
export async function writeStaticApp(checkout: Checkout, folder: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "berth-static-"));
  try {
    writeFileSync(join(work, "main.go"), PROGRAM);
    execFileSync("go", ["build", "-trimpath", "-ldflags", "-s -w", "-o", "app", "main.go"], {
      cwd: work,
      env: { ...process.env, CGO_ENABLED: "0", GO111MODULE: "off" },
    });
    await checkout.write(`${folder}/app`, readFileSync(join(work, "app")));
  } finally {
    rmSync(work, { recursive: true });
  }
  execFileSync("chmod", ["755", join(checkout.folder, folder, "app")]);
  await checkout.write(`${folder}/Dockerfile`, 'FROM scratch\nCOPY app /app\nENTRYPOINT ["/app"]\n');
}
