import type { Static } from "typebox";
import type { Grant } from "#api/access-schemas.ts";
import { type Answer, type TestService, testService } from "./test-service.ts";

type Method = Parameters<TestService["call"]>[0];
type CallOptions = NonNullable<Parameters<TestService["call"]>[2]>;
type Call = (method: Method, url: string, options?: CallOptions) => Promise<Answer>;

const adminToken = "an administrator's secret of the tests";

/** A service that asks who calls. */
export interface GuardedService extends TestService {
  /** As the administrator of the settings. */
  admin: Call;
  /** As whoever has the token. */
  as(token: string): Call;
  /** An identity of that name, and a token of it. */
  identity(name: string, grants: Static<typeof Grant>[], token?: Record<string, unknown>): Promise<Known>;
}

export interface Known {
  name: string;
  token: string;
  tokenId: string;
  call: Call;
}

export async function guardedService(settings: Record<string, string> = {}): Promise<GuardedService> {
  const service = await testService({ SLIPWAY_ACCESS: "on", SLIPWAY_ADMIN_TOKEN: adminToken, ...settings });
  const as =
    (token: string): Call =>
    (method, url, options = {}) =>
      service.call(method, url, { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } });
  const admin = as(adminToken);
  return {
    ...service,
    as,
    admin,
    async identity(name, grants, token = {}) {
      const made = await admin("POST", "/v1/identities", { json: { name, kind: "service", grants } });
      if (made.status !== 201) throw new Error(`the identity answered ${made.status}: ${made.bytes}`);
      const { status, json, bytes } = await admin("POST", `/v1/identities/${name}/tokens`, {
        json: { name: "of the tests", ...token },
      });
      if (status !== 201) throw new Error(`the token answered ${status}: ${bytes}`);
      return { name, token: json.token, tokenId: json.id, call: as(json.token) };
    },
  };
}
