import { expect, it } from "vitest";
import { toolEnvironment } from "./tool-environment.ts";

it("lets through how to reach the network and the tools' own settings, and no secret of the service", () => {
  expect(
    toolEnvironment({
      PATH: "/bin",
      HOME: "/root",
      https_proxy: "http://proxy:3128",
      NO_PROXY: "localhost",
      SSL_CERT_FILE: "/etc/ssl/company.crt",
      UV_DEFAULT_INDEX: "https://index.company/simple",
      DATABASE_URL: "postgres://u:p@h/d",
      REDIS_URL: "redis://:p@h",
      SLIPWAY_REGISTRY_PASSWORD: "p",
      AWS_SECRET_ACCESS_KEY: "p",
      PYTHONPATH: "/home/someone",
      LD_PRELOAD: "/x.so",
      UNSET: undefined,
    }),
  ).toEqual({
    PATH: "/bin",
    HOME: "/root",
    https_proxy: "http://proxy:3128",
    NO_PROXY: "localhost",
    SSL_CERT_FILE: "/etc/ssl/company.crt",
    UV_DEFAULT_INDEX: "https://index.company/simple",
  });
});
