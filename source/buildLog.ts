/** Where the output of a build goes. Apart from the components, because commands read it and should not load Pulumi's SDK. Pure. */

/** Folder of the logs, within the project. */
export const BUILD_LOGS = ".berth/builds";

/** The log of the build of this content. */
export const buildLog = (content: string): string => `${BUILD_LOGS}/${content}.log`;
