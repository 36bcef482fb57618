/** Two apps in one Pulumi program, each with a gateway, releases and a rollback of its own. */
import * as pulumi from "@pulumi/pulumi";
import { type Config, describeApp, WebApp } from "berth/components";

const config = new pulumi.Config();

/** Everything that both have. */
const common: Config = { build: { context: "site" }, bindAddress: "127.0.0.1", volumes: [], drain: "5s" };

/** An app on a port; `<app>Title` in the stack file is its title, and `<app>Release` brings an earlier release back. */
async function app(name: string, port: number) {
  const env = { TITLE: config.get(`${name}Title`) ?? name };
  const release = config.get(`${name}Release`);
  return new WebApp(name, await describeApp(name, { ...common, port, env, ...(release && { release }) }));
}

export default async () => {
  const shop = await app("shop", config.getNumber("shopPort") ?? 8081);
  const blog = await app("blog", config.getNumber("blogPort") ?? 8082);
  return { shop: shop.outputs, blog: blog.outputs }; // under its name: the next update reads an app's releases there
};
