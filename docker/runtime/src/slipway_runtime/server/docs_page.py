"""`/docs`: one page that needs nothing from outside, as a closed network has it."""

import json
from collections.abc import Iterable
from html import escape
from string import Template
from typing import Any

PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$name $version</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
         color: #1b1f24; background: #fff }
  h1 small { color: #57606a; font-weight: normal }
  code, pre { font: 14px/1.5 ui-monospace, monospace }
  pre { background: #f6f8fa; padding: 1rem; overflow-x: auto; border-radius: 6px }
  table { border-collapse: collapse } td, th { text-align: left; padding: .25rem 1rem .25rem 0 }
  dt { font-weight: 600 } dd { margin: 0 0 .5rem; overflow-wrap: anywhere }
</style>
<h1>$name <small>$version</small></h1>
<dl>$facts</dl>
$card
<h2>Inputs</h2>
$inputs
<h2>Outputs</h2>
$outputs
<h2>Predict</h2>
<pre>$request</pre>
<p>An instance is a list in the order of the inputs, an object by their names, or a scalar where the
model takes one text or number; <code>null</code> is a missing value. Errors are
<code>{"error": {"code", "message", "instance", "field"}}</code>.</p>
<h2>Endpoints</h2>
<table>
<tr><td><code>POST /predict</code><td>predictions
<tr><td><code>POST /v2/models/$name/infer</code><td>the same by the Open Inference Protocol v2
<tr><td><code>POST /invocations</code><td>the same as MLflow has it
<tr><td><a href="/metadata"><code>/metadata</code></a><td>all of this as JSON
<tr><td><a href="/openapi.json"><code>/openapi.json</code></a><td>the OpenAPI description
<tr><td><a href="/health"><code>/health</code></a>, <a href="/ready"><code>/ready</code></a>
    <td>is it alive, can it predict
<tr><td><a href="/metrics"><code>/metrics</code></a><td>for Prometheus
</table>
</html>
""")

MIB = 1024 * 1024

FACTS = {"Format": "format", "Content digest": "contentDigest", "Labels": "labels",
         "Metadata": "metadata", "Runtime": "runtime"}  # fmt: skip


def docs_page(metadata: dict[str, Any], address: str) -> str:
    """`metadata` is what `/metadata` answers; `address` is where it was asked, with a slash."""
    facts = [(title, metadata[key]) for title, key in FACTS.items() if metadata[key]]
    if metadata["resources"]:
        facts.insert(2, ("Resources", _resources(metadata["resources"])))
    example = metadata["example"] if isinstance(metadata["example"], dict) else {"instances": []}
    body = json.dumps(example, ensure_ascii=False).replace("'", "'\\''")
    request = f"curl {address}predict -H 'Content-Type: application/json' \\\n     -d '{body}'"
    return PAGE.substitute(
        name=escape(metadata["model"]),
        version=escape(metadata["version"]),
        facts=_facts(facts),
        card=_card(metadata["card"]),
        inputs=_table(metadata["inputs"]),
        outputs=_table(metadata["outputs"]),
        request=escape(request, quote=False),
    )


def _facts(facts: Iterable[tuple[str, Any]]) -> str:
    return "".join(f"<dt>{escape(title)}<dd>{escape(_shown(value))}" for title, value in facts)


def _card(card: dict[str, Any]) -> str:
    """The front matter of the package's README.md, as it is written there."""
    return f"<h2>Model card</h2>\n<dl>{_facts(card.items())}</dl>" if card else ""


def _resources(resources: dict[str, Any]) -> str:
    cpu, memory, gpus = (resources.get(key) for key in ("cpuMillis", "memoryBytes", "gpus"))
    parts = [
        f"{cpu / 1000:g} CPU" if cpu else "",
        f"{memory / MIB:g} MiB of memory" if memory else "",
        f"{gpus} GPU" if gpus else "",
    ]
    return ", ".join(filter(None, parts))


def _table(specs: Iterable[dict[str, Any]]) -> str:
    rows = [
        f"<tr><td><code>{escape(spec['name'])}</code><td>{escape(spec['type'])}"
        f"<td>{escape(str(spec['shape']))}<td>{'optional' if spec.get('optional') else ''}"
        for spec in specs
    ]
    if not rows:
        return "<p>The model does not say.</p>"
    return f"<table><tr><th>name<th>type<th>shape<th>{''.join(rows)}</table>"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
