/** What the gateway is told, in the words of kamal-proxy, and where it keeps what it was given. Pure. */
import type { Route } from "../release/route.ts";
import { goDuration } from "../settings/units.ts";

/** Where the gateway finds its own certificate: in its state volume, so that a restart finds it too. */
export const TLS_FOLDER = "/home/kamal-proxy/.config/kamal-proxy";
export const CERTIFICATE = "berth-certificate.pem";
export const KEY = "berth-key.pem";
/** What a lost state is rebuilt with, see `steps/record.ts`. */
export const RECORD_FILE = `${TLS_FOLDER}/berth-record.json`;

/** Where the traffic goes: containers with their port, those of a canary included. */
export const addressesOf = ({ targets, port, canary }: Pick<Route, "targets" | "port" | "canary">): string[] => [
  ...targets.map((name) => `${name}:${port}`),
  ...(canary?.targets ?? []).map((name) => `${name}:${canary?.port}`),
];

/** The kamal-proxy words that switch: they come back when the old targets are drained. */
export function deployWords(input: Route): string[] {
  return [
    "deploy",
    input.service,
    ...addressesOf(input).flatMap((address) => ["--target", address]),
    ...input.hosts.flatMap((host) => ["--host", host]),
    ...(input.tls === "off" ? [] : ["--tls"]),
    ...(input.tls === "own"
      ? ["--tls-certificate-path", `${TLS_FOLDER}/${CERTIFICATE}`, "--tls-private-key-path", `${TLS_FOLDER}/${KEY}`]
      : []),
    "--health-check-path",
    input.health.path,
    "--health-check-interval",
    goDuration(input.health.interval),
    "--health-check-timeout",
    goDuration(input.health.timeout),
    "--deploy-timeout",
    goDuration(input.health.deadline),
    "--drain-timeout",
    goDuration(input.drain),
  ];
}

/** What comes after the switch: hold the door shut with a message, or open it. */
export const maintenanceWords = ({ service, maintenance, drain }: Route): string[] =>
  maintenance === null ? ["resume", service] : ["stop", service, "--message", maintenance, "--drain-timeout", goDuration(drain)];
