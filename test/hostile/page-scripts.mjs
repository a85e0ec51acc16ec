/* What runs in a browser's pages: each function is sent there as text, and so holds all that it needs. Plain JavaScript,
 * since the project's types know no documents. */

/**
 * In the page of another site: everything that a page can do to `target` without the user.
 * @param {string} target
 */
export async function attack(target) {
  /** @type {string[]} */
  const read = [];
  let attempts = 0;
  const files = `${target}/v1/models/browsed/versions/1.0.0/files`;
  const body = '{"name":"by-a-page"}';
  /** `act` resolves to what was read, or to nothing. */
  const attempt = async (name, act) => {
    attempts += 1;
    const found = await Promise.race([act().catch(() => ""), new Promise((resolve) => setTimeout(resolve, 1_500, ""))]);
    if (found) read.push(`${name}: ${String(found).slice(0, 100)}`);
  };
  const fetched = (path, init) => async () => (await fetch(target + path, init)).text();
  const loads = (element) => () =>
    new Promise((resolve) => {
      element.onload = () => resolve("loaded");
      element.onerror = () => resolve("");
      document.body.append(element);
    });

  await attempt("fetch", fetched("/v1/models"));
  await attempt("fetch without CORS", fetched("/v1/models", { mode: "no-cors" }));
  await attempt("fetch with credentials", fetched("/v1/models", { credentials: "include" }));
  await attempt("fetch of the documents", fetched("/openapi.json"));
  await attempt(
    "POST of JSON",
    fetched("/v1/models", { method: "POST", body, headers: { "content-type": "application/json" } }),
  );
  await attempt("POST of text", fetched("/v1/models", { method: "POST", body, mode: "no-cors" }));
  await attempt(
    "POST of a form",
    fetched("/v1/models", { method: "POST", body: new URLSearchParams({ name: "by-a-page" }), mode: "no-cors" }),
  );
  const form = new FormData();
  form.append("file", new Blob([body], { type: "application/json" }));
  await attempt(
    "POST of a multipart form",
    fetched("/v1/models/browsed/versions?version=2.0.0", { method: "POST", body: form, mode: "no-cors" }),
  );
  await attempt(
    "POST of nothing",
    fetched("/v1/models/browsed/versions/1.0.0/seal", { method: "POST", mode: "no-cors" }),
  );
  await attempt("PUT", fetched("/v1/models/browsed/versions/1.0.0/files/evil", { method: "PUT", body }));
  await attempt("DELETE", fetched("/v1/models/browsed", { method: "DELETE" }));
  await attempt("a beacon", async () => {
    navigator.sendBeacon(`${target}/v1/models`, new Blob([body], { type: "text/plain" }));
    return "";
  });
  await attempt(
    "an event source",
    () =>
      new Promise((resolve) => {
        const source = new EventSource(`${target}/v1/builds/none/log`);
        source.onopen = () => resolve("open");
        source.onerror = () => {
          source.close();
          resolve("");
        };
      }),
  );
  await attempt(
    "a WebSocket",
    () =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${target.replace("http", "ws")}/v1/models`);
        socket.onopen = () => resolve("open");
        socket.onerror = () => resolve("");
      }),
  );
  await attempt("an image", loads(Object.assign(document.createElement("img"), { src: `${files}/picture.svg` })));
  await attempt("a script", loads(Object.assign(document.createElement("script"), { src: `${files}/code.js` })));
  await attempt(
    "a script of the service's own",
    loads(Object.assign(document.createElement("script"), { src: `${target}/docs/static/swagger-ui-bundle.js` })),
  );
  await attempt(
    "a style sheet",
    loads(
      Object.assign(document.createElement("link"), {
        rel: "stylesheet",
        href: `${target}/docs/static/swagger-ui.css`,
      }),
    ),
  );
  await attempt("an object", loads(Object.assign(document.createElement("object"), { data: `${files}/index.html` })));
  await attempt(
    "a worker",
    () =>
      new Promise((resolve) => {
        const worker = new Worker(
          URL.createObjectURL(new Blob([`importScripts("${files}/code.js"); postMessage("run")`])),
        );
        worker.onmessage = () => resolve("run");
        worker.onerror = () => resolve("");
      }),
  );
  await attempt("a frame", async () => {
    const frame = Object.assign(document.createElement("iframe"), { src: `${target}/docs/` });
    await loads(frame)();
    // A page of another site is out of reach; what can be reached was let in.
    return frame.contentDocument?.body.textContent ?? "";
  });
  if (document.title === "run") read.push("an uploaded file ran");
  return { read, attempts };
}

/**
 * Sends a form that looks like JSON to whoever reads it as text.
 * @param {{ action: string, enctype: string }} form
 */
export function submitForm({ action, enctype }) {
  const form = Object.assign(document.createElement("form"), { action, enctype, method: "post" });
  form.append(Object.assign(document.createElement("input"), { name: '{"name":"by-a-form","title":"', value: '"}' }));
  document.body.append(form);
  form.submit();
}

/** @param {string} url */
export function followLink(url) {
  location.href = url;
}

/**
 * In a page of the service's own: whether an uploaded file can be made to run there. Returns the ways that did it.
 * @param {string} files
 */
export async function runUploadedFiles(files) {
  /** @type {string[]} */
  const ran = [];
  const script = Object.assign(document.createElement("script"), { src: `${files}/code.js` });
  await new Promise((resolve) => {
    script.onload = () => resolve(ran.push("script"));
    script.onerror = resolve;
    document.head.append(script);
  });
  const worker = navigator.serviceWorker.register(`${files}/code.js`);
  await worker.then(
    () => ran.push("service worker"),
    () => {},
  );
  const module = Object.assign(document.createElement("script"), { type: "module", src: `${files}/code.js` });
  await new Promise((resolve) => {
    module.onload = () => resolve(ran.push("module"));
    module.onerror = resolve;
    document.head.append(module);
  });
  const frame = Object.assign(document.createElement("iframe"), { src: `${files}/index.html` });
  document.body.append(frame);
  await new Promise((resolve) => setTimeout(resolve, 500));
  if ([document.title, frame.contentDocument?.title].includes("run")) ran.push("frame");
  return ran;
}

/**
 * In a page of any site, with a token: what it gets of an answer, by method. "" for what the browser keeps from it.
 * @param {{ target: string, token: string }} service
 */
export async function callWithToken({ target, token }) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ name: "by-a-page" });
  /** @type {[string, string, RequestInit][]} */
  const calls = [
    ["read", "/v1/models", { headers }],
    ["write", "/v1/models", { headers, method: "POST", body }],
    ["read of a file", "/v1/models/browsed/versions/1.0.0/files/a", { headers }],
    ["read without a token", "/v1/models", {}],
    ["read with cookies", "/v1/models", { headers, credentials: "include" }],
  ];
  /** @type {Record<string, string>} */
  const got = {};
  for (const [name, path, init] of calls)
    got[name] = await fetch(target + path, init).then(
      (answer) => `${answer.status} ${answer.headers.has("x-request-id") ? "named" : "unnamed"}`,
      () => "",
    );
  return got;
}
