/** The images of a stack's accessories, which the first set-up does not bring: few stacks have any. */
import { ACCESSORIES, accessoryImage } from "../../settings/accessoryKinds.ts";
import { thisMachine } from "../../toolchain/machine.ts";
import { accessoryNeed } from "../../toolchain/needs.ts";
import { setUp } from "../../toolchain/setup.ts";
import { readConfig } from "../../stack/settingsFile.ts";

/** Makes sure that the engine has them. Call it once the engine is chosen (`openEngine`). @throws UserError where one cannot be had */
export async function provideAccessoryImages(root: string, stack: string): Promise<void> {
  const wanted = (await readConfig(root, stack))["berth:accessories"];
  if (wanted === undefined || (Array.isArray(wanted) && wanted.length === 0)) return;
  const { schema } = await import("../../settings/schema.ts"); // which takes longer to load than all the rest
  const { data = [] } = schema.shape.accessories.safeParse(wanted); // what does not fit, the program tells of
  if (data.length === 0) return;
  const machine = thisMachine(root);
  const tags = new Map(data.map(({ kind, version }) => [accessoryImage(kind, version ?? ACCESSORIES[kind].version), kind]));
  await setUp(root, { needs: [...tags].map(([tag, kind]) => accessoryNeed(machine, kind, tag)) });
}
