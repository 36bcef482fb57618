/** Where it is right to go on, or to say something else than the question: the answer was not needed, or came another way. Pure. */
import type { Fault, Rule } from "./standIn.ts";

interface Excuse {
  /** Programs. Default: any. */
  readonly who?: RegExp;
  readonly kind: RegExp;
  readonly fault?: readonly Fault[];
  /** What it says of it. Default: nothing. */
  readonly says?: RegExp;
  readonly reason: string;
}

/** Commands that ask the gateway for its routes beside much else, and can do without. */
const LOOKS = /^(?:status|drift|destroy|adopt|prune|up|rollback|restore|secrets|preview)$/;

export const EXCUSES: readonly Excuse[] = [
  { kind: /^its version$/, says: /engine API \S+ or later is missing/, reason: "set-up names it in words of its own" },
  {
    who: LOOKS,
    kind: /^(?:to run|how) kamal-proxy/,
    fault: ["silence"],
    reason:
      "a gateway that hangs is no engine that fails: it counts as silent, nothing is taken for unneeded because of it, and drift tells",
  },
  {
    who: /^watchdog$/,
    kind: /^(?:to run|how) kamal-proxy/,
    fault: ["silence"],
    says: /The gateway does not say where it leads: nothing is restarted until it does/,
    reason: "it restarts nothing while it does not know where the traffic goes, and ends with 1",
  },
  {
    who: /^status$/,
    kind: /^how large its volumes are$/,
    says: /size unknown/,
    reason: "sizes are a remark, which says that they are not known, and why",
  },
  {
    kind: /^\/(?:data|berth-volume) in container/,
    fault: ["break"],
    reason: "only the first entry of an archive is wanted, and it came whole",
  },
  {
    who: /^preview$/,
    kind: /^(?:what its host has|image …)$/,
    reason: "whether there is room is a remark at the end of a preview, which says that it is not known",
  },
  { who: /^ready$/, kind: /^(?:to run|how) /, says: /is ready after/, reason: "a check that fails is made again until the deadline" },
  {
    kind: /^the end of container/,
    fault: ["break", "silence"],
    reason: "asked again until the job's own deadline: an engine that is started again knows",
  },
  {
    kind: /^the log of container .*\(as it comes\)$/,
    reason: "opened again from where it ended; where that does not help, what is printed says so, and the exit code tells how the job went",
  },
  {
    who: /^(?:job|gate|route|up)$/,
    kind: /./,
    says: /once more, because/,
    reason: "what brings back what was live is done again, and says so",
  },
];

/** Why this is right; undefined where it is not. */
export const excuseFor = ({ who, kind, fault }: Rule, output: string): string | undefined =>
  EXCUSES.find(
    (one) =>
      (one.who?.test(who) ?? true) && one.kind.test(kind) && (one.fault?.includes(fault) ?? true) && (one.says?.test(output) ?? true),
  )?.reason;
