/** The program of index.ts under mocks. Tests that use it put a mock in the place of preflight.ts. */
import * as pulumi from "@pulumi/pulumi";
import type { Release } from "../../release/ledger.ts";
import program from "../../index.ts";
import type { Config } from "./configuration.ts";
import { setEnvironment } from "./environment.ts";
import { declare, type DeclareOptions, type Program } from "./program.ts";

/** What it declares with this configuration (keys without "berth:"), after these releases went live. */
export function wholeProgram(
  config: Config = {},
  releases: readonly Release[] = [],
  options: Omit<DeclareOptions, "config" | "previous"> = {},
): Promise<Program> {
  jest.spyOn(pulumi.log, "info").mockResolvedValue(undefined); // it would be printed
  setEnvironment({ PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(["berth:secrets", "berth:tls"]) });
  return declare(program, {
    config: Object.fromEntries(
      Object.entries(config).map(([key, value]) => [`berth:${key}`, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
    previous: releases.length > 0 ? { releases: pulumi.secret(releases) } : {},
    ...options,
  });
}
