/** What can go wrong, by name. The API gives each a status (apps/api/problem.ts). */
export type ErrorCode =
  | "invalid_request"
  | "request_refused"
  | "unauthenticated"
  | "forbidden"
  | "request_in_progress"
  | "idempotency_key_reused"
  | "invalid_name"
  | "invalid_version"
  | "invalid_path"
  | "invalid_digest"
  | "invalid_tag"
  | "invalid_cursor"
  | "invalid_metadata"
  | "model_not_found"
  | "model_exists"
  | "model_in_use"
  | "version_not_found"
  | "version_exists"
  | "version_sealed"
  | "version_in_use"
  | "draft_busy"
  | "version_not_ready"
  | "version_not_sealed"
  | "version_archived"
  | "batch_unavailable"
  | "file_not_found"
  | "path_taken"
  | "too_many_files"
  | "file_too_large"
  | "files_verifying"
  | "upload_not_found"
  | "upload_busy"
  | "upload_finished"
  | "upload_incomplete"
  | "upload_conflict"
  | "direct_unavailable"
  | "deletion_not_allowed"
  | "store_full"
  | "blob_not_found"
  | "digest_mismatch"
  | "checksum_mismatch"
  | "body_incomplete"
  | "body_too_slow"
  | "archive_invalid"
  | "package_invalid"
  | "build_not_found"
  | "build_finished"
  | "build_running"
  | "proof_not_found"
  | "proof_running"
  | "dockerfile_not_found"
  | "tests_not_found"
  | "lock_not_found"
  | "lock_invalid"
  | "tag_not_found"
  | "tag_reserved"
  | "tag_taken"
  | "tag_moved"
  | "policy_invalid"
  | "tag_protected"
  | "policy_not_found"
  | "promotion_not_found"
  | "promotion_refused"
  | "promotion_waits"
  | "promotion_open"
  | "promotion_needless"
  | "promotion_ended"
  | "promotion_own"
  | "check_own"
  | "digest_ambiguous"
  | "revision_not_found"
  | "revision_unset"
  | "revision_ambiguous"
  | "identity_not_found"
  | "identity_exists"
  | "token_not_found"
  | "publisher_not_found"
  | "publisher_invalid"
  | "publisher_refused"
  | "id_token_refused"
  | "issuer_unavailable"
  | "issuer_failed"
  | "account_taken"
  | "sign_in_unset"
  | "sign_in_invalid"
  | "sign_in_refused"
  | "terminal_not_found"
  | "invalid_pattern"
  | "invalid_network"
  | "registry_not_found"
  | "webhook_not_found"
  | "invalid_webhook"
  | "delivery_not_found"
  | "registry_invalid"
  | "registry_from_settings"
  | "registry_models_taken"
  | "registry_in_use"
  | "invalid_image"
  | "image_unknown_host"
  | "image_differs"
  | "image_not_found"
  | "image_in_use"
  | "image_external"
  | "image_removing"
  | "image_present"
  | "rule_not_found"
  | "quota_not_found"
  | "quota_exceeded"
  | "space_exceeded"
  | "range_not_satisfiable"
  | "unavailable"
  | "internal";

/** One thing wrong in a request or a package: where, and what to change. */
export interface Fault {
  /** JSON pointer, file path or `slipway.yaml: key`. */
  where: string;
  message: string;
}

/** An error whose message is meant for the caller. The cause is for the log alone. */
export class SlipwayError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  /** With figures, for those who may see all models of the pattern. */
  readonly openly: { pattern: string; message: string } | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: { faults?: readonly Fault[]; openly?: { pattern: string; message: string }; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SlipwayError";
    this.code = code;
    this.faults = options.faults ?? [];
    this.openly = options.openly ?? null;
  }
}

export function isSlipwayError(error: unknown, code?: ErrorCode): error is SlipwayError {
  return error instanceof SlipwayError && (code === undefined || error.code === code);
}

const longestLine = 1_000;

/** One readable line of whatever was thrown, for a log or a build's reason: never empty, and text that a database
 *  keeps. */
export function messageOf(error: unknown): string {
  const [line = ""] = textOf(error).trim().split("\n", 1);
  const readable = line.replace(/\p{Cc}/gu, " ").toWellFormed();
  if (readable.length <= longestLine) return readable;
  return `${readable.slice(0, longestLine).toWellFormed()}…`;
}

/** The line of what lies behind an error that was meant for a caller: for the log alone. */
export function reasonOf(error: unknown): string {
  return messageOf(isSlipwayError(error) ? (error.cause ?? error) : error);
}

function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(textOf).join("; ");
  if (!(error instanceof Error)) return String(error);
  return error.message === "" ? error.name : error.message;
}
