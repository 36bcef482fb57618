/** Switches the gateway to a release, drains the old one, and sets maintenance on or off. */
import { text } from "node:stream/consumers";
import { goDuration } from "../components/units.ts";
import { copyInto } from "./copy.ts";
import { readInput, runStep, tellGateway } from "./engine.ts";

export interface RouteInput {
  /** Container of the gateway. */
  readonly gateway: string;
  /** Name of the route in the gateway. */
  readonly service: string;
  readonly release: string;
  /** Containers that take the traffic. */
  readonly targets: readonly string[];
  readonly port: number;
  readonly hosts: readonly string[];
  /** `own`: certificate and key come by standard input. */
  readonly tls: "off" | "acme" | "own";
  readonly health: { readonly path: string; readonly interval: number; readonly timeout: number; readonly deadline: number };
  /** Seconds that open requests of the old release may take. */
  readonly drain: number;
  /** Message of the maintenance page; null while the app serves. */
  readonly maintenance: string | null;
}

/** Where the gateway finds its own certificate: in its state volume, so that a restart finds it too. */
const TLS_FOLDER = "/home/kamal-proxy/.config/kamal-proxy";
const CERTIFICATE = "berth-certificate.pem";
const KEY = "berth-key.pem";

/** The kamal-proxy words that switch: they come back when the old targets are drained. */
export function deployWords(input: RouteInput): string[] {
  return [
    "deploy", input.service,
    ...input.targets.flatMap((name) => ["--target", `${name}:${input.port}`]),
    ...input.hosts.flatMap((host) => ["--host", host]),
    ...(input.tls === "off" ? [] : ["--tls"]),
    ...(input.tls === "own" ? ["--tls-certificate-path", `${TLS_FOLDER}/${CERTIFICATE}`, "--tls-private-key-path", `${TLS_FOLDER}/${KEY}`] : []),
    "--health-check-path", input.health.path,
    "--health-check-interval", goDuration(input.health.interval),
    "--health-check-timeout", goDuration(input.health.timeout),
    "--deploy-timeout", goDuration(input.health.deadline),
    "--drain-timeout", goDuration(input.drain),
  ];
}

/** What comes after the switch: hold the door shut with a message, or open it. */
export const maintenanceWords = ({ service, maintenance, drain }: RouteInput): string[] =>
  maintenance === null ? ["resume", service] : ["stop", service, "--message", maintenance, "--drain-timeout", goDuration(drain)];

async function main(): Promise<void> {
  const input = readInput<RouteInput>();
  if (input.tls === "own") {
    const { certificate, key } = JSON.parse(await text(process.stdin)) as { certificate: string; key: string };
    await copyInto(input.gateway, TLS_FOLDER, [
      { name: CERTIFICATE, content: certificate, mode: 0o444 },
      { name: KEY, content: key, mode: 0o444 }, // only the gateway sees this volume
    ]);
  }
  await tellGateway(input.gateway, deployWords(input));
  await tellGateway(input.gateway, maintenanceWords(input));
  console.log(`release ${input.release} is live on ${input.targets.length} ${input.targets.length === 1 ? "replica" : "replicas"}`);
}

if (process.env["BERTH_INPUT"]) void runStep(main);
