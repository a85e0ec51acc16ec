import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { kubernetesValidatePath } from "#standalone/setup/kubernetes-validate.mjs";
import { finished, predictorPackage, ready, sealed } from "#test/sealed.ts";
import { serviceMonitorSchema } from "#test/service-monitor-schema.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

const run = promisify(execFile);
const service = await testService();
const { call, registry } = service;
testWorker(registry, smallImageBuilder());

const of = (model: string, kind: string, version = "1.0.0") =>
  `/v1/models/${model}/versions/${version}/deployment/${kind}`;
// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects and fails where it is not there
type Document = any;

async function textOf(url: string): Promise<string> {
  const answer = await call("GET", url);
  expect([url, answer.status, answer.json?.detail]).toEqual([url, 200, undefined]);
  expect(answer.headers["content-type"]).toBe("application/yaml");
  return answer.bytes.toString();
}

async function documentsOf(url: string): Promise<Document[]> {
  return parseAllDocuments(await textOf(url)).map((document) => {
    expect([...document.errors, ...document.warnings]).toEqual([]);
    return document.toJS();
  });
}

/** A model whose package says more than the smallest. */
async function readyWith(model: string, slipwayYaml: string, more: Record<string, string> = {}): Promise<void> {
  await draftOf(service, model, "1.0.0", { ...predictorPackage, "slipway.yaml": slipwayYaml, ...more });
  const sealing = await call("POST", `/v1/models/${model}/versions/1.0.0/seal`);
  expect([sealing.status, sealing.json.errors]).toEqual([202, undefined]);
  await finished(service, sealing.json.build.id);
}

describe("files that deploy a version", () => {
  const isChecked = existsSync(kubernetesValidatePath);
  const why = isChecked ? "" : " (not tried: the set-up has not brought kubernetes-validate)";
  it.skipIf(!isChecked)(`are what Kubernetes' own schemas allow, strictly${why}`, async () => {
    await ready(service, "fraud.churn", "1.0.0");
    await readyWith("large", "resources: {cpu: 2500m, memory: 12Gi, gpu: 2}\nenvironment: {SHUTDOWN_SECONDS: '120'}\n");
    const folder = temporaryFolder();
    const more = "&namespace=ml&secret=db.login&secret=api&pullSecret=regcred";
    const urls = ["fraud.churn", "large"].flatMap((model) => [
      of(model, "kubernetes"),
      `${of(model, "kubernetes")}?name=scores&replicas=3&maxReplicas=9${more}`,
      `${of(model, "sidecar")}?as=kubernetes&app=registry.example/app:1.0.0`,
      `${of(model, "sidecar")}?as=kubernetes&app=app&name=scores&replicas=2${more}`,
      of(model, "batch"),
      `${of(model, "batch")}?schedule=@daily&timeZone=Europe/Oslo&claim=rows&input=in/rows.csv&output=out/rows.csv${more}`,
    ]);
    const files: string[] = [];
    const monitor = new Ajv().compile(serviceMonitorSchema);
    for (const url of urls)
      for (const document of await documentsOf(url)) {
        if (document.kind === "ServiceMonitor") {
          expect([monitor(document), monitor.errors]).toEqual([true, null]);
          continue;
        }
        const file = join(folder, `${files.length}.yaml`);
        writeFileSync(file, JSON.stringify(document));
        files.push(file);
      }
    expect(files.length).toBe(2 * (4 + 4 + 1 + 1 + 1 + 1));
    for (const kubernetes of ["1.30.0", "1.37.0"])
      await run(kubernetesValidatePath, ["--strict", "--quiet", "--no-warn", "-k", kubernetes, ...files]);
    const [deployment] = await documentsOf(of("large", "kubernetes"));
    deployment.spec.template.spec.containers[0].readOnlyRoot = true;
    writeFileSync(join(folder, "wrong.yaml"), JSON.stringify(deployment));
    await expect(run(kubernetesValidatePath, ["--strict", join(folder, "wrong.yaml")])).rejects.toMatchObject({
      stdout: expect.stringContaining("readOnlyRoot"),
    });
  });

  it("run the image by its digest with no privileges, and say which it is", async () => {
    const { imageDigest } = await ready(service, "hardened", "1.0.0");
    const { reference } = (await call("GET", "/v1/models/hardened/versions/1.0.0")).json.image;
    const [deployment, kubernetesService, autoscaler, budget, monitor] = await documentsOf(
      of("hardened", "kubernetes"),
    );
    const { template, replicas } = deployment.spec;
    const [container] = template.spec.containers;
    expect(container.image).toBe(reference);
    expect(reference.endsWith(`@${imageDigest}`)).toBe(true);
    expect(container.env).toEqual([{ name: "SLIPWAY_IMAGE_DIGEST", value: imageDigest }]);
    expect(container.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(template.spec).toMatchObject({
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 35,
      nodeSelector: { "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" },
      volumes: [{ name: "tmp", emptyDir: { medium: "Memory" } }],
    });
    expect(replicas).toBeUndefined(); // the autoscaler's
    expect(autoscaler.spec).toMatchObject({
      scaleTargetRef: { kind: "Deployment", name: "hardened" },
      minReplicas: 2,
      maxReplicas: 8,
    });
    for (const selector of [
      kubernetesService.spec.selector,
      budget.spec.selector.matchLabels,
      monitor.spec.selector.matchLabels,
      deployment.spec.selector.matchLabels,
    ])
      expect(template.metadata.labels).toMatchObject(selector);
    expect(kubernetesService.spec.ports[0].targetPort).toBe(container.ports[0].name);
    expect(monitor.spec.endpoints[0].port).toBe(kubernetesService.spec.ports[0].name);

    const { model } = parse(await textOf(of("hardened", "compose"))).services;
    expect(model).toMatchObject({
      image: reference,
      environment: { SLIPWAY_IMAGE_DIGEST: imageDigest },
      user: "65532:65532",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      stop_grace_period: "30s",
      ports: ["8000:8000"],
    });
  });

  it("take what slipway.yaml says of resources, port and shutdown", async () => {
    await readyWith(
      "asked",
      "resources: {cpu: 500m, memory: 768Mi, gpu: 1}\nenvironment: {PORT: '9000', SHUTDOWN_SECONDS: '120'}\n",
    );
    const [deployment] = await documentsOf(of("asked", "kubernetes"));
    const { containers, terminationGracePeriodSeconds } = deployment.spec.template.spec;
    const amounts = { cpu: "500m", memory: "768Mi", "nvidia.com/gpu": 1 };
    expect(containers[0].resources).toEqual({ requests: amounts, limits: amounts });
    expect(containers[0].ports).toEqual([{ name: "http", containerPort: 9000 }]);
    expect(terminationGracePeriodSeconds).toBe(130);
    const { model } = parse(await textOf(`${of("asked", "compose")}?port=80`)).services;
    expect(model.deploy.resources).toEqual({
      limits: { cpus: "0.5", memory: "768m" },
      reservations: { devices: [{ driver: "nvidia", count: 1, capabilities: ["gpu"] }] },
    });
    expect([model.ports, model.stop_grace_period]).toEqual([["80:9000"], "125s"]);
    const { app } = parse(await textOf(of("asked", "sidecar"))).services;
    expect(app.environment).toEqual({ MODEL_URL: "http://model:9000" });
  });

  it("ask an own server where it says, and run no batch in it", async () => {
    await readyWith("own", "build: dockerfile\nserve: {port: 5000, health: /up}\n", { Dockerfile: "FROM scratch\n" });
    const [deployment, ...others] = await documentsOf(of("own", "kubernetes"));
    const monitors = (documents: Document[]) => documents.filter(({ kind }) => kind === "ServiceMonitor");
    expect(monitors(others)).toEqual([]); // nobody says that it has metrics
    expect(monitors(await documentsOf(`${of("own", "kubernetes")}?monitor=true`))).toHaveLength(1);
    const [container] = deployment.spec.template.spec.containers;
    expect(container.ports).toEqual([{ name: "http", containerPort: 5000 }]);
    for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"])
      expect(container[probe].httpGet).toEqual({ path: "/up", port: "http" });
    const { services } = parse(await textOf(of("own", "sidecar")));
    expect(services.model.healthcheck).toBeUndefined(); // the image's own, if any
    expect(services.app.depends_on).toEqual({ model: { condition: "service_started" } });
    const batch = await call("GET", of("own", "batch"));
    expect([batch.status, batch.json.type]).toEqual([409, "/problems/batch_unavailable"]);
  });

  it("write what comes of a batch in the format that it is read in", async () => {
    await ready(service, "tabular", "1.0.0");
    const { batch } = parse(await textOf(`${of("tabular", "batch")}?as=compose&input=in/rows.csv`)).services;
    expect(batch.command.slice(-4)).toEqual(["--input", "/data/in/rows.csv", "--output", "/data/predictions.csv"]);
  });

  it("name secrets and hold none", async () => {
    await ready(service, "secretive", "1.0.0");
    const [deployment] = await documentsOf(`${of("secretive", "kubernetes")}?secret=db.login&pullSecret=regcred`);
    const { spec } = deployment.spec.template;
    expect(spec.imagePullSecrets).toEqual([{ name: "regcred" }]);
    expect(spec.volumes[1]).toEqual({ name: "secret-1", secret: { secretName: "db.login", defaultMode: 0o444 } });
    expect(spec.containers[0].volumeMounts[1]).toEqual({
      name: "secret-1",
      mountPath: "/run/secrets/db.login",
      readOnly: true,
    });
    const compose = parse(await textOf(`${of("secretive", "compose")}?secret=db.login`));
    expect(compose.secrets).toEqual({ "db.login": { file: "./secrets/db.login" } });
    expect(compose.services.model.secrets).toEqual(["db.login"]);
  });

  it("are the same bytes each time, known by an ETag, also by a tag's name", async () => {
    await ready(service, "same", "1.0.0");
    await call("PUT", "/v1/models/same/tags/prod", { json: { version: "1.0.0" } });
    for (const kind of ["compose", "kubernetes", "sidecar", "batch"]) {
      const first = await call("GET", of("same", kind));
      const again = await call("GET", of("same", kind, "prod"));
      expect(again.bytes.equals(first.bytes)).toBe(true);
      expect(again.bytes.toString()).toMatch(/^# same 1\.0\.0, content sha256:/);
      const headers = { "if-none-match": String(first.headers["etag"]) };
      const known = await call("GET", of("same", kind), { headers });
      expect([known.status, known.bytes.length]).toEqual([304, 0]);
    }
  });

  it("of two models never bear one name", async () => {
    const names = ["a.b", "a-b", "a_b", "1a", `${"x".repeat(70)}`, `${"x".repeat(71)}`];
    for (const model of names) await ready(service, model, "1.0.0");
    const called = await Promise.all(
      names.map(async (model) => (await documentsOf(of(model, "kubernetes")))[0].metadata.name as string),
    );
    expect(called.slice(0, 4)).toEqual(["a--b", "a-b", "a---b", "model----1a"]);
    expect(new Set(called).size).toBe(names.length);
    for (const name of called) expect(name).toMatch(/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/);
    const [job] = await documentsOf(of("x".repeat(71), "batch"));
    expect(job.metadata.name.length).toBeLessThanOrEqual(52);
  });

  it("keep a label for each version that a label can hold", async () => {
    await ready(service, "labelled", `1.0.0-${"rc".repeat(40)}`);
    const [deployment] = await documentsOf(of("labelled", "kubernetes", `1.0.0-${"rc".repeat(40)}`));
    expect(deployment.metadata.labels["app.kubernetes.io/version"]).toBeUndefined();
    expect(deployment.metadata.annotations["dev.slipway.version"]).toBe(`1.0.0-${"rc".repeat(40)}`);
  });
});

describe("what is asked for in vain", () => {
  it("is a version with no image, which says what to do", async () => {
    await draftOf(service, "unmade", "1.0.0", predictorPackage);
    for (const kind of ["compose", "kubernetes", "sidecar", "batch"]) {
      const answer = await call("GET", of("unmade", kind));
      expect([answer.status, answer.json.type]).toEqual([409, "/problems/version_not_ready"]);
      expect(answer.json.detail).toBe(
        "unmade:1.0.0 has no image to run yet; it is a draft: seal it, and wait until it is ready",
      );
    }
    expect((await call("GET", of("unmade", "compose", "2.0.0"))).status).toBe(404);
    expect((await call("GET", of("nobody", "compose"))).status).toBe(404);
    expect((await call("GET", of("unmade", "swarm"))).status).toBe(404);
  });

  it.each([
    ["kubernetes?name=Upper", "a letter, then lower-case letters"],
    [`kubernetes?name=${"x".repeat(64)}`, "at most 63"],
    ["kubernetes?namespace=a.b", "lower-case letters and digits"],
    ["kubernetes?replicas=0", "replicas"],
    ["kubernetes?replicas=5&maxReplicas=2", "maxReplicas is 2, below the 5 of replicas"],
    ["kubernetes?secret=a/../b", "secret"],
    ["kubernetes?secret=a&secret=a", "secret"],
    ["kubernetes?replica=3", 'did you mean "replicas"?'],
    ["compose?port=70000", "port"],
    ["compose?secret=%24%7BHOME%7D", "secret"],
    ["sidecar?app=%24%7BHOME%7D", "an image's name"],
    ["sidecar?as=kubernetes", "name the application that the model stands beside"],
    ["sidecar?name=x", "name has no meaning with as=compose"],
    ["batch?schedule=tomorrow", "the five fields of cron"],
    ["batch?schedule=*%20*%20*%20*%20*%0Ax", "the five fields of cron"],
    ["batch?schedule=99%2099%20*%20*%20*", 'schedule: "99" is no minute'],
    ["batch?timeZone=No/Where", 'there is no "No/Where"'],
    ["batch?input=../etc/passwd", "a path below the data's folder"],
    ["batch?input=rows.xlsx", "ends in .jsonl, .csv or .parquet"],
    ["batch?input=rows.csv&output=rows.csv", "input and output are both rows.csv"],
    ["batch?input=rows.csv&output=rows.jsonl", "end output in .csv"],
    ["batch?output=input.jsonl", "input and output are both input.jsonl"],
    ["batch?as=compose&schedule=@daily", "schedule has no meaning with as=compose"],
    [`batch?name=${"x".repeat(53)}`, "at most 52"],
  ])("is %s", async (query, reason) => {
    await sealed(service, "asked-wrong", "1.0.0").catch(() => {}); // there from the second on
    const answer = await call("GET", of("asked-wrong", query));
    expect([answer.status, answer.json.type]).toEqual([400, "/problems/invalid_request"]);
    expect(answer.json.detail).toContain(reason);
  });
});
