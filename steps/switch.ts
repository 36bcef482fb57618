/** What the gateway is told so that a release gets the traffic. Pure. */
import type { Owner } from "../components/owner.ts";
import { goDuration } from "../components/units.ts";
import type { BakeSettings } from "../settings.ts";
import type { JobSpec } from "./runJob.ts";

export interface RouteInput {
  /** Container of the gateway. */
  readonly gateway: string;
  /** Name of the route in the gateway. */
  readonly service: string;
  readonly release: string;
  readonly owner: Owner;
  /** Containers that take the traffic. */
  readonly targets: readonly string[];
  /** Containers of the release that take none. */
  readonly workers: readonly string[];
  /** Another release that takes a share of the traffic; null: none. */
  readonly canary: {
    readonly release: string;
    readonly targets: readonly string[];
    readonly port: number;
    /** How long and by which limits it is watched. */
    readonly limits: BakeSettings;
  } | null;
  /** The app allows one writer: the old release is stopped, and has to be started where the traffic goes back. */
  readonly exclusive: boolean;
  readonly port: number;
  readonly hosts: readonly string[];
  /** `own`: certificate and key come by standard input. */
  readonly tls: "off" | "acme" | "own";
  readonly health: { readonly path: string; readonly interval: number; readonly timeout: number; readonly deadline: number };
  /** Seconds that open requests of the old release may take. */
  readonly drain: number;
  /** Message of the maintenance page; null while the app serves. */
  readonly maintenance: string | null;
  /** How to watch the release after the switch; null: not at all. */
  readonly bake: BakeSettings | null;
  /** Whether the release has jobs that leave a container. */
  readonly jobs: boolean;
  /** A job that has to succeed once the traffic is there; null: none. */
  readonly smokeTest: JobSpec | null;
}

/** Where the gateway finds its own certificate: in its state volume, so that a restart finds it too. */
export const TLS_FOLDER = "/home/kamal-proxy/.config/kamal-proxy";
export const CERTIFICATE = "berth-certificate.pem";
export const KEY = "berth-key.pem";
/** What a lost state is rebuilt with, see `steps/record.ts`. */
export const RECORD_FILE = `${TLS_FOLDER}/berth-record.json`;

/** Where the traffic goes: containers with their port, those of a canary included. */
export const addressesOf = ({ targets, port, canary }: Pick<RouteInput, "targets" | "port" | "canary">): string[] => [
  ...targets.map((name) => `${name}:${port}`),
  ...(canary?.targets ?? []).map((name) => `${name}:${canary?.port}`),
];

/** The kamal-proxy words that switch: they come back when the old targets are drained. */
export function deployWords(input: RouteInput): string[] {
  return [
    "deploy", input.service,
    ...addressesOf(input).flatMap((address) => ["--target", address]),
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

/** How a canary did: "good", or "held" where too few requests came to judge by. */
export const verdictWords = (release: string, requests: number, { minRequests, duration }: BakeSettings): string =>
  requests < minRequests
    ? `canary ${release} is held: ${requests} answers in ${duration} s, and ${minRequests} are needed to judge`
    : `canary ${release} is good: ${requests} answers in ${duration} s within the limits`;

/** The verdict in what a switch printed: "good", "held" or nothing. */
export const verdictIn = (stdout: string): string => /^canary \S+ is (good|held):/m.exec(stdout)?.[1] ?? "";
