/** On every answer, whatever it says and whoever asks. The pages of the documentation and downloads have policies of their
 *  own. `Strict-Transport-Security` is said by the proxy that speaks TLS: who is asked without it cannot know. */
export const securityHeaders = {
  "x-content-type-options": "nosniff",
  // Also to a browser that does not say where a request comes from: another site's page gets nothing of the answer.
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  // What a token may see stays in no cache that others share.
  "cache-control": "no-store",
} as const;
