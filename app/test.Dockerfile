# Checks the types and runs the tests on the image's own platform: `docker build -f test.Dockerfile .`
# BuildKit takes test.Dockerfile.dockerignore for it. So the tests are in this context and not in that of a release,
# where editing one would make a new release.
FROM node:24-bookworm-slim
WORKDIR /app

COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund

COPY --chmod=0755 . .
# As in the container: no root.
USER node
RUN npm test
