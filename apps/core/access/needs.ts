import type { Right } from "./roles.ts";

/** What an operation is done to, and so whose grants decide. */
export const subjects = {
  model: "the model in the path",
  tags: "each tag that the body names, of the model in the path",
  build: "the model of the build in the path",
  promotion: "the model of the promotion in the path, and its tag",
  "new model": "the model that the body names",
  seen: "nothing: it answers what the caller may see",
  everything: "everything (`*`)",
  self: "nothing: it is about the caller",
  "own or everything": "nothing for the caller's own, everything (`*`) for others'",
  setup: "a setup code",
} as const;
export type Subject = keyof typeof subjects;

export interface OperationNeed {
  right: Right;
  on: Subject;
}

const model = (right: Right) => ({ right, on: "model" }) as const;
const build = (right: Right) => ({ right, on: "build" }) as const;
const promotion = (right: Right) => ({ right, on: "promotion" }) as const;
const everything = { right: "administer", on: "everything" } as const;
const seen = { right: "read", on: "seen" } as const;
const own = { right: "administer", on: "own or everything" } as const;

/** What each operation under /v1 needs, by its operationId; docs/access.md is made from it. An operation without a line
 *  does not start. */
export const needs = {
  listModels: seen,
  createModel: { right: "upload", on: "new model" },
  getModel: model("read"),
  updateModel: model("upload"),
  deleteModel: model("administer"),

  listVersions: model("read"),
  createVersion: model("upload"),
  getVersion: model("read"),
  updateVersion: model("upload"),
  deleteVersion: model("upload"),
  sealVersion: model("upload"),
  archiveVersion: model("administer"),
  compareVersions: model("read"),
  getPackage: model("read"),
  getModelCard: model("read"),
  getComposeFile: model("read"),
  getKubernetesManifests: model("read"),
  getSidecar: model("read"),
  getBatch: model("read"),

  listFiles: model("read"),
  putFile: model("upload"),
  getFile: model("read"),
  deleteFile: model("upload"),
  registerFiles: model("upload"),

  createUpload: model("upload"),
  listUploads: model("read"),
  getUpload: model("read"),
  signParts: model("upload"),
  completeUpload: model("upload"),
  deleteUpload: model("upload"),

  createResumable: model("upload"),
  getResumable: model("upload"),
  appendResumable: model("upload"),
  deleteResumable: model("upload"),
  describeResumable: model("read"),

  createBuild: model("build"),
  getBuild: build("read"),
  getBuildLock: build("read"),
  getBuildDockerfile: build("read"),
  getBuildLog: build("read"),
  cancelBuild: build("build"),

  createProof: model("build"),
  getProof: model("read"),

  getImage: model("read"),
  deleteImage: model("administer"),
  checkImage: model("build"),
  restoreImage: model("build"),
  previewRetention: model("read"),

  listTags: model("read"),
  getTag: model("read"),
  listTagHolders: seen,
  moveTag: model("promote"),
  moveTags: { right: "promote", on: "tags" },
  rollBackTag: model("promote"),
  removeTag: model("promote"),
  getTagHistory: model("read"),

  createPromotion: { right: "promote", on: "tags" },
  listPromotions: seen,
  getPromotion: promotion("read"),
  decidePromotion: promotion("approve"),
  cancelPromotion: promotion("promote"),

  createCheck: model("check"),
  listChecks: model("read"),

  listPolicies: seen,
  listTagPolicies: model("read"),
  listPolicyVersions: seen,
  setPolicy: everything,
  deletePolicy: everything,

  setUp: { right: "administer", on: "setup" },
  getOffers: seen,
  getMe: { right: "read", on: "self" },
  listIdentities: everything,
  createIdentity: everything,
  getIdentity: everything,
  updateIdentity: everything,
  listTokens: own,
  createToken: own,
  revokeToken: own,

  listPublishers: everything,
  getPublisher: everything,
  setPublisher: everything,
  deletePublisher: everything,

  listAudit: seen,
  getAuditHead: everything,
  verifyAudit: everything,
  exportAudit: everything,
  listEvents: seen,

  listWebhooks: everything,
  createWebhook: everything,
  getWebhook: everything,
  updateWebhook: everything,
  replaceWebhookSecret: everything,
  deleteWebhook: everything,
  listDeliveries: everything,
  redeliver: everything,

  listQuotas: seen,
  setQuota: everything,
  deleteQuota: everything,

  listRetentionRules: seen,
  setRetentionRule: everything,
  deleteRetentionRule: everything,

  listRegistries: everything,
  getRegistry: everything,
  setRegistry: everything,
  deleteRegistry: everything,
  checkRegistry: everything,
} as const satisfies Record<string, OperationNeed>;
