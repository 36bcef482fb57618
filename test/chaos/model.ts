/** What a stack should be after any sequence of operations, without an engine. Pure. */

/** What a person sets; two releases with the same are the same. */
export interface Wish {
  readonly greeting: string;
  readonly replicas: number;
}

export interface Model {
  /** Releases that went live, newest first. */
  ledger: Wish[];
  /** Something is broken on the engine until an update succeeds. */
  damaged: boolean;
  /** A release that failed has left its containers until an update succeeds. */
  leftovers: boolean;
  /** Notes that were acknowledged. */
  readonly notes: Set<string>;
  /** How many releases were thought of, so that each is a new one. */
  wishes: number;
}

/** A stack after its first update. */
export const newModel = (first: Wish): Model => ({ ledger: [first], damaged: false, leftovers: false, notes: new Set(), wishes: 0 });

/** The live release. */
export function liveOf({ ledger }: Model): Wish {
  const [live] = ledger;
  if (!live) throw new Error("nothing was ever live");
  return live;
}

export const sameWish = (one: Wish, other: Wish): boolean => one.greeting === other.greeting && one.replicas === other.replicas;

/** After an update that succeeded. */
export function wentLive(model: Model, wish: Wish, keep: number): void {
  model.ledger = [wish, ...model.ledger.filter((other) => !sameWish(other, wish))].slice(0, keep + 1);
  model.damaged = false;
  model.leftovers = false;
}
