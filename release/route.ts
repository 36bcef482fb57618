/** What the gateway sends where. */
export interface Route {
  /** Container of the gateway. */
  readonly gateway: string;
  /** Name of the route in the gateway. */
  readonly service: string;
  readonly release: string;
  /** Containers that take the traffic. */
  readonly targets: readonly string[];
  /** Another release that takes a share of the traffic; null: none. */
  readonly canary: { readonly release: string; readonly targets: readonly string[]; readonly port: number } | null;
  /** The app allows one writer: the old release is stopped, and has to be started where the traffic goes back. */
  readonly exclusive: boolean;
  readonly port: number;
  readonly hosts: readonly string[];
  /** `own`: certificate and key come by standard input. */
  readonly tls: "off" | "acme" | "own";
  /** Path and times in seconds. */
  readonly health: { readonly path: string; readonly interval: number; readonly timeout: number; readonly deadline: number };
  /** Seconds that open requests of the old release may take. */
  readonly drain: number;
  /** Message of the maintenance page; null while the app serves. */
  readonly maintenance: string | null;
}

/** Containers that the traffic goes to, those of a canary included. Pure. */
export const targetsOf = ({ targets, canary }: Pick<Route, "targets" | "canary">): string[] => [...targets, ...(canary?.targets ?? [])];
