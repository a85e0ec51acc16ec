import { type GuardedService, guardedService } from "./access.ts";
import { client, oidcProvider, type TestProvider } from "./oidc-provider.ts";
import type { Answer } from "./test-service.ts";

export interface SigningIn {
  service: GuardedService;
  provider: TestProvider;
  newBrowser(): TestBrowser;
  /** In a new browser; the page that it ends at. */
  signIn(sub: string): Promise<Answer>;
}

/** Keeps cookies as a browser does, and is sent along by the provider. */
export interface TestBrowser {
  cookie: string;
  /** To the provider and back: the path that it comes back to, which is not asked for yet. */
  toCallback(start?: string): Promise<string>;
  get(path: string): Promise<Answer>;
  /** The form that a page holds, with what is given. */
  submit(page: Answer, from: string, values: Record<string, string>): Promise<Answer>;
}

export const publicUrl = "https://slipway.example.com";
const callback = `${publicUrl}/v1/sign-in/callback`;

/** A service where people sign in, at a provider that others have written. */
export async function signingIn(
  settings: Record<string, string> = {},
  how: { inToken?: boolean } = {},
): Promise<SigningIn> {
  const provider = await oidcProvider({ redirectUri: callback, ...how });
  const service = await guardedService({
    SLIPWAY_PUBLIC_URL: publicUrl,
    SLIPWAY_OIDC_ISSUER: provider.url,
    SLIPWAY_OIDC_CLIENT_ID: client.id,
    SLIPWAY_OIDC_CLIENT_SECRET: client.secret,
    SLIPWAY_OIDC_SCOPES: "openid profile email groups",
    SLIPWAY_OIDC_ROLES: "fraud-team=uploader:fraud.*,fraud-team=builder:fraud.*,ml-admins=administrator:*",
    SLIPWAY_RATE_LIMIT_EXCHANGE: "0",
    ...settings,
  });
  const newBrowser = () => testBrowser(service, provider);
  return {
    service,
    provider,
    newBrowser,
    async signIn(sub) {
      provider.current = sub;
      const browser = newBrowser();
      return browser.get(await browser.toCallback());
    },
  };
}

/** The token on a page; empty where there is none. */
export function tokenOn({ bytes }: Answer): string {
  return /slpw_[0-9A-Za-z]{38}/.exec(bytes.toString())?.[0] ?? "";
}

export function textOn({ bytes }: Answer): string {
  return bytes
    .toString()
    .replace(/<style>.*?<\/style>/s, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll(/\s+/g, " ");
}

function testBrowser({ call }: GuardedService, provider: TestProvider): TestBrowser {
  const headers = () => ({
    accept: "text/html,*/*;q=0.8",
    "sec-fetch-site": "cross-site",
    "sec-fetch-mode": "navigate",
    ...(browser.cookie === "" ? {} : { cookie: browser.cookie }),
  });
  const browser: TestBrowser = {
    cookie: "",
    async get(path) {
      const answer = await call("GET", path, { headers: headers() });
      const [set = ""] = [answer.headers["set-cookie"] ?? []].flat();
      if (String(set) !== "")
        browser.cookie = String(set).includes("Max-Age=0") ? "" : (String(set).split(";", 1)[0] ?? "");
      return answer;
    },
    async toCallback(start = "/v1/sign-in") {
      const begun = await browser.get(start);
      if (begun.status !== 303) throw new Error(`the start answered ${begun.status}: ${begun.bytes}`);
      const jar = new Map<string, string>();
      let place = new URL(String(begun.headers["location"]));
      while (place.origin === provider.url) {
        const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
        const answer = await fetch(place, { redirect: "manual", headers: { cookie } });
        for (const set of answer.headers.getSetCookie()) {
          const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
          jar.set(name, value);
        }
        const location = answer.headers.get("location");
        if (location === null) throw new Error(`the provider answered ${answer.status}: ${await answer.text()}`);
        place = new URL(location, place);
      }
      if (place.origin !== publicUrl) throw new Error(`the provider led to ${place.href}`);
      return `${place.pathname}${place.search}`;
    },
    async submit(page, from, values) {
      const text = page.bytes.toString();
      const action = /<form method="post" action="([^"]+)"/.exec(text)?.[1] ?? "none";
      const hidden = [...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]+)"/g)];
      const said = Object.fromEntries(hidden.map(([, name = "", value = ""]) => [name, value]));
      return call("POST", new URL(action, `${publicUrl}${from}`).pathname, {
        bytes: new URLSearchParams({ ...said, ...values }).toString(),
        headers: {
          ...headers(),
          host: new URL(publicUrl).host,
          origin: publicUrl,
          "sec-fetch-site": "same-origin",
          "content-type": "application/x-www-form-urlencoded",
        },
      });
    },
  };
  return browser;
}

/** By the link that a terminal shows, to the page that asks. */
export async function toDecision(
  browser: TestBrowser,
  { verificationUriComplete }: { verificationUriComplete: string },
): Promise<Answer> {
  const page = await browser.get(verificationUriComplete.slice(publicUrl.length));
  const [, link = ""] = /<a href="([^"]+)"/.exec(page.bytes.toString()) ?? [];
  const { pathname, search } = new URL(link, verificationUriComplete);
  return browser.get(await browser.toCallback(`${pathname}${search}`));
}

export function decide(browser: TestBrowser, page: Answer, letIn: "yes" | "no"): Promise<Answer> {
  return browser.submit(page, "/v1/sign-in/callback", { letIn });
}
