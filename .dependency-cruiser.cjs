/* The directions of the house (docs/architecture.md): in core a room uses only rooms that stand above it. */
const rooms = [
  "database",
  "secrets",
  "work",
  "events",
  "audit",
  "artifacts",
  "idempotency",
  "access",
  "federation",
  "sign-in",
  "webhooks",
  "quotas",
  "models",
  "uploads",
  "inspect",
  "packaging",
  "images",
  "policies",
  "promotion",
  "builds",
  "proofs",
  "releases",
  "upkeep",
];

/** registry.ts names the types of what a process is made of; every room may ask it for them. */
const roomRules = rooms
  .map((room, index) => ({
    name: `core-${room}-looks-up-only`,
    comment: `${room} may use: ${rooms.slice(0, index).join(", ") || "none of the other rooms"}`,
    severity: "error",
    from: { path: `^apps/core/${room}/` },
    to: { path: `^apps/core/(${rooms.slice(index + 1).join("|")})/` },
  }))
  .filter((rule) => !rule.to.path.includes("()"));

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "core-knows-no-caller",
      severity: "error",
      from: { path: "^apps/core/" },
      to: { path: "^apps/(api|worker|standalone|cli)/" },
    },
    {
      name: "core-knows-no-http-server",
      severity: "error",
      from: { path: "^apps/core/" },
      to: { path: "node_modules/@?fastify" },
    },
    {
      name: "callers-are-apart",
      comment: "api and worker share core and nothing else",
      severity: "error",
      from: { path: "^apps/(api|worker)/" },
      to: { path: "^apps/(api|worker|standalone|cli)/", pathNot: "^apps/$1/" },
    },
    {
      name: "the-command-line-knows-the-api-alone",
      comment: "and the rules for packages, by which it says what a seal would",
      severity: "error",
      from: { path: "^apps/cli/" },
      to: {
        path: "^(apps|prisma)/",
        pathNot:
          "^apps/cli/|^apps/core/(?:packaging/|artifacts/(?:blob-store|digest)\\.ts|errors\\.ts|json-faults\\.ts|models/(?:file-path|path-clashes|labels)\\.ts)",
      },
    },
    {
      name: "the-command-line-carries-nothing-of-the-service",
      severity: "error",
      from: { path: "^apps/cli/main\\.ts$" },
      to: { path: "^apps/core/(?:database|work|secrets|registry\\.ts|config\\.ts)", reachable: true },
    },
    {
      name: "vendor-sdks-stay-in-their-file",
      severity: "error",
      from: { path: "^apps/", pathNot: "^apps/core/work/queue\\.ts$|^apps/api/counting-redis\\.ts$|^apps/standalone/" },
      to: { path: "node_modules/(bullmq|ioredis)/" },
    },
    {
      name: "registries-are-spoken-to-in-one-place",
      severity: "error",
      from: { path: "^apps/", pathNot: "^apps/core/images/registry-client/" },
      to: { path: "node_modules/undici/" },
    },
    {
      name: "providers-are-spoken-to-in-one-place",
      severity: "error",
      from: { path: "^apps/", pathNot: "^apps/core/sign-in/provider" },
      to: { path: "node_modules/(?:openid-client|oauth4webapi)/" },
    },
    {
      name: "engines-are-spoken-to-in-one-place",
      severity: "error",
      from: { path: "^apps/", pathNot: "^apps/core/images/engine/" },
      to: { path: "node_modules/(?:@types/)?(dockerode|docker-modem)/" },
    },
    {
      name: "s3-is-spoken-to-in-its-files",
      severity: "error",
      from: { path: "^apps/", pathNot: "^apps/core/(?:artifacts/s3-|images/registries/credentials/ecr-login)" },
      to: { path: "node_modules/@(aws-sdk|smithy)/" },
    },
    {
      name: "clouds-are-spoken-to-in-their-files",
      severity: "error",
      from: { path: "^apps/", pathNot: "^apps/core/images/registries/credentials/(?:google|azure)-login" },
      to: { path: "node_modules/(google-auth-library|@azure)/" },
    },
    {
      name: "tests-are-not-used",
      severity: "error",
      from: { path: "^apps/", pathNot: "\\.test\\.ts$" },
      to: { path: "^test/|\\.test\\.ts$" },
    },
    {
      name: "nothing-unresolved",
      severity: "error",
      from: { path: "^(apps|test|prisma)/" },
      to: { couldNotResolve: true },
    },
    {
      name: "no-dev-packages-in-the-service",
      severity: "error",
      from: { path: "^apps/", pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["npm-dev"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules|prisma/client" },
    exclude: { path: "prisma/client|docker/runtime" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default"],
      extensions: [".ts", ".js", ".mjs"],
    },
  },
};
