/** Environment variables that are as before after each test. */
const before = { ...process.env };

afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

/** Sets variables for one test. */
export const setEnvironment = (variables: NodeJS.ProcessEnv): void => void Object.assign(process.env, variables);
